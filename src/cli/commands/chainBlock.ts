import { usageError } from '../cliError.ts';
import { type Command, type Context, textOf } from '../command.ts';
import { table } from '../terminal.ts';

type BlockAnswer = {
  hash: string;
  height: number;
  confirmations: number;
  time: number;
  size: number;
  nTx: number;
  tx: string[];
  previousblockhash?: string;
  nonce: number;
  bits: string;
  merkleroot: string;
};

const SHOWN_TXIDS = 20;

export const chainBlock: Command = {
  usage: 'block <id>',
  summary: 'one block, by its hash or its height',
  arguments: { id: { describe: 'a hash of 64 hex digits, a height, or tip' } },
  examples: [
    ['indiecoin chain block 0', 'the genesis block'],
    ['indiecoin chain block tip', 'the newest'],
  ],
  run: async (context) => {
    const hash = await hashOf(context, textOf(context, 'id'));
    const block = await context.node.call<BlockAnswer>('getblock', [hash, 1]);
    context.terminal.answer(block, () => {
      const rest = block.tx.length - SHOWN_TXIDS;
      return [
        ...table([
          ['block', block.hash],
          ['height', `${block.height}${block.confirmations < 0 ? ', not in the active chain' : ''}`],
          ['time', new Date(block.time * 1000).toISOString()],
          ['before', block.previousblockhash ?? 'none, this is the first'],
          ['merkle root', block.merkleroot],
          ['proof of work', `bits ${block.bits}, nonce ${block.nonce}`],
          ['size', `${block.size} bytes`],
          ['transactions', String(block.nTx)],
        ]),
        ...block.tx.slice(0, SHOWN_TXIDS).map((txid) => `  ${txid}`),
        ...(rest > 0 ? [`  and ${rest} more`] : []),
      ];
    });
  },
};

async function hashOf({ node }: Context, id: string): Promise<string> {
  if (/^[0-9a-f]{64}$/i.test(id)) return id;
  if (id === 'tip') return node.call<string>('getbestblockhash');
  if (/^\d{1,9}$/.test(id)) return node.call<string>('getblockhash', [Number(id)]);
  throw usageError(`"${id}" is neither a height, nor a hash of 64 hex digits, nor tip.`);
}
