import { hexToBytes } from '../../bytes/hex.ts';
import {
  BITCOIN_170,
  BITCOIN_170_BYTES,
  BITCOIN_170_HASH,
  bitcoin170Context,
} from '../../explain/bitcoin170.ts';
import type { BlockContext } from '../../explain/chainContext.ts';
import { explainHeader as explain } from '../../explain/explainHeader.ts';
import { genesisContext } from '../../explain/genesisContext.ts';
import { decodeHeader, HEADER_BYTES } from '../../primitives/header.ts';
import type { Command, Context } from '../command.ts';
import {
  answerExplanation,
  EXPLAIN_FLAGS,
  type Found,
  readAsked,
  withNode,
} from '../explain/explainCommand.ts';
import { contextOfBlock, findHash, isGenesisId, nowSec } from '../explain/findBlock.ts';
import { headerContext } from '../explain/nodeContext.ts';

export const explainHeader: Command = {
  usage: 'header [id]',
  summary: 'the 80 bytes of a block that miners hash, and the proof of work',
  arguments: {
    id: { type: 'string', describe: 'a hash, a height, tip, or bitcoin-170' },
  },
  flags: EXPLAIN_FLAGS,
  examples: [
    ['indiecoin explain header bitcoin-170', 'the header of Bitcoin’s block 170; needs no node'],
    ['indiecoin explain header tip', 'that of the newest block of the node'],
    [
      'indiecoin rpc getblockheader $(indiecoin rpc getbestblockhash) false | indiecoin explain header --hex -',
      'hex of your own',
    ],
  ],
  run: async (context) => answerExplanation(context, await find(context)),
};

async function find(context: Context): Promise<Found> {
  const asked = await readAsked(context, 'header');
  if ('bytes' in asked) {
    return found('A header from hex', asked.bytes, await contextOfBlock(context, asked.bytes));
  }
  if (asked.id === BITCOIN_170 || asked.id.toLowerCase() === BITCOIN_170_HASH) {
    const bytes = BITCOIN_170_BYTES.subarray(0, HEADER_BYTES);
    return found('The header of Bitcoin’s block 170, 12 January 2009', bytes, bitcoin170Context(nowSec()));
  }
  const { params } = context.config;
  if (isGenesisId(context, asked.id)) {
    return found(
      `The header of the first block of ${params.name}`,
      params.genesis.header.bytes,
      genesisContext(params, nowSec()),
    );
  }
  return withNode('header', async () => {
    const { node } = context;
    const hash = await findHash(context, asked.id, 'header');
    const bytes = hexToBytes(await node.call<string>('getblockheader', [hash, false]));
    const known = await headerContext(node, decodeHeader(bytes), params);
    return found(`The header of a block of ${params.name}`, bytes, known);
  });
}

function found(title: string, bytes: Uint8Array, known: BlockContext): Found {
  return { title, hint: '', explain: () => explain(bytes, known) };
}
