import {
  BITCOIN_170,
  BITCOIN_170_BYTES,
  BITCOIN_170_TXIDS,
  bitcoin170TransactionContext,
} from '../../explain/bitcoin170.ts';
import type { TransactionContext } from '../../explain/chainContext.ts';
import { explainTransaction as explain } from '../../explain/explainTransaction.ts';
import { decodeBlock } from '../../primitives/block.ts';
import type { Command, Context } from '../command.ts';
import {
  answerExplanation,
  EXPLAIN_FLAGS,
  type Found,
  readAsked,
  withNode,
} from '../explain/explainCommand.ts';
import { nowSec } from '../explain/findBlock.ts';
import { contextOfFound, contextOfTransaction, findTransaction } from '../explain/findTransaction.ts';

/** Of Bitcoin's first payment. */
const TXID = 'f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16';

export const explainTransaction: Command = {
  usage: 'transaction [id]',
  summary: 'a transaction, its signatures, and the path to the root of its block',
  arguments: { id: { type: 'string', describe: 'a txid, or bitcoin-170' } },
  flags: {
    ...EXPLAIN_FLAGS,
    block: { type: 'string', requiresArg: true, description: 'the block that it is in, by hash or height' },
  },
  examples: [
    ['indiecoin explain transaction bitcoin-170', 'Bitcoin’s first payment; needs no node'],
    [`indiecoin explain transaction ${TXID}`, 'one of the mempool, or of the chain with an index'],
    [`indiecoin explain transaction ${TXID} --block 170`, 'one of this block; needs no index'],
    [
      `indiecoin rpc getrawtransaction ${TXID} | indiecoin explain transaction --hex -`,
      'hex of your own; change a digit and see',
    ],
  ],
  run: async (context) => answerExplanation(context, await find(context)),
};

async function find(context: Context): Promise<Found> {
  const asked = await readAsked(context, 'transaction');
  if ('bytes' in asked) {
    return found('A transaction from hex', asked.bytes, await contextOfTransaction(context, asked.bytes));
  }
  const index = asked.id === BITCOIN_170 ? 1 : BITCOIN_170_TXIDS.indexOf(asked.id.toLowerCase());
  if (index >= 0) {
    const title =
      index === 1
        ? 'The first payment ever made, in Bitcoin’s block 170: Satoshi Nakamoto pays Hal Finney'
        : 'The coinbase of Bitcoin’s block 170';
    const { bytes } = decodeBlock(BITCOIN_170_BYTES).transactions[index]!;
    return found(title, bytes, bitcoin170TransactionContext(index, nowSec()));
  }
  return withNode('transaction', async () => {
    const { bytes, context: known } = await contextOfFound(context, await findTransaction(context, asked.id));
    return found(`A transaction of ${context.config.params.name}`, bytes, known);
  });
}

function found(title: string, bytes: Uint8Array, known: TransactionContext): Found {
  return {
    title,
    hint: '--full shows up to 50 of them.',
    explain: (engine, detail) => explain(bytes, known, engine, detail),
  };
}
