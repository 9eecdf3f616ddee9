import { type Command, textOf } from '../command.ts';
import { readTxid } from '../readTxid.ts';
import { table } from '../terminal.ts';

type TransactionAnswer = {
  txid: string;
  size: number;
  locktime: number;
  vin: { txid?: string; vout?: number; coinbase?: string }[];
  vout: { value: number; scriptPubKey: { address?: string; asm: string } }[];
  blockhash?: string;
  confirmations?: number;
};

export const chainTransaction: Command = {
  usage: 'transaction <txid>',
  summary: 'one transaction, confirmed or not',
  arguments: { txid: { describe: '64 hex digits' } },
  examples: [
    [
      'indiecoin chain transaction f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16',
      'its inputs, its outputs, and where it is',
    ],
  ],
  run: async (context) => {
    const txid = readTxid(textOf(context, 'txid'));
    const found = await context.node.call<TransactionAnswer>('getrawtransaction', [txid, 1]);
    context.terminal.answer(found, () => [
      ...table([
        ['transaction', found.txid],
        ['in', found.blockhash === undefined ? 'the mempool, unconfirmed' : `block ${found.blockhash}`],
        ['confirmations', String(found.confirmations ?? 0)],
        ['size', `${found.size} bytes`],
      ]),
      'inputs',
      ...found.vin.map(
        ({ txid: from, vout }) => `  ${from === undefined ? 'new coins (coinbase)' : `${from}:${vout}`}`,
      ),
      'outputs',
      ...found.vout.map(
        ({ value, scriptPubKey }) => `  ${value.toFixed(8)}  ${scriptPubKey.address ?? scriptPubKey.asm}`,
      ),
    ]);
  },
};
