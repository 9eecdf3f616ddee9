import {
  BITCOIN_170,
  BITCOIN_170_BYTES,
  BITCOIN_170_HASH,
  bitcoin170Context,
} from '../../explain/bitcoin170.ts';
import type { BlockContext } from '../../explain/chainContext.ts';
import { explainBlock as explain } from '../../explain/explainBlock.ts';
import { genesisContext } from '../../explain/genesisContext.ts';
import { decodeBlock } from '../../primitives/block.ts';
import type { Command, Context } from '../command.ts';
import {
  answerExplanation,
  EXPLAIN_FLAGS,
  type Found,
  readAsked,
  withNode,
} from '../explain/explainCommand.ts';
import { contextOfBlock, findHash, isGenesisId, nowSec, readBlockBytes } from '../explain/findBlock.ts';
import { blockContext } from '../explain/nodeContext.ts';

export const explainBlock: Command = {
  usage: 'block [id]',
  summary: 'a block, byte by byte and rule by rule',
  arguments: {
    id: { type: 'string', describe: 'a hash, a height, tip, or bitcoin-170' },
  },
  flags: EXPLAIN_FLAGS,
  examples: [
    ['indiecoin explain block bitcoin-170', 'Bitcoin’s first payment; needs no node'],
    ['indiecoin explain block tip', 'the newest block of the node'],
    ['indiecoin explain block 0', 'the first block of the network; needs no node'],
    [
      'indiecoin rpc getblock $(indiecoin rpc getblockhash 0) 0 | indiecoin explain block --hex -',
      'hex of your own; change a digit and see',
    ],
  ],
  run: async (context) => answerExplanation(context, await find(context)),
};

async function find(context: Context): Promise<Found> {
  const asked = await readAsked(context, 'block');
  if ('bytes' in asked) {
    return found('A block from hex', asked.bytes, await contextOfBlock(context, asked.bytes));
  }
  if (asked.id === BITCOIN_170 || asked.id.toLowerCase() === BITCOIN_170_HASH) {
    const title = 'Bitcoin’s block 170, 12 January 2009: Satoshi Nakamoto pays Hal Finney';
    return found(title, BITCOIN_170_BYTES, bitcoin170Context(nowSec()));
  }
  const { params } = context.config;
  if (isGenesisId(context, asked.id)) {
    return found(`The first block of ${params.name}`, params.genesis.bytes, genesisContext(params, nowSec()));
  }
  return withNode('block', async () => {
    const bytes = await readBlockBytes(context, await findHash(context, asked.id, 'block'));
    const { node } = context;
    const known = await blockContext(node, decodeBlock(bytes), params);
    return found(`A block of ${params.name}`, bytes, known);
  });
}

function found(title: string, bytes: Uint8Array, known: BlockContext): Found {
  return {
    title,
    hint: '`indiecoin explain transaction <txid>` shows those of one transaction.',
    explain: (engine, detail) => explain(bytes, known, engine, detail),
  };
}
