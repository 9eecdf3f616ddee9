import { z } from 'zod';
import { hashToHex } from '../bytes/hex.ts';
import type { TestVerdict } from '../mempool/packageTest.ts';
import { MAX_PACKAGE } from '../mempool/policy.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { toCoins, toCoinsPerKilobyte } from './amounts.ts';
import type { NodeServices } from './nodeServices.ts';
import { text } from './parameters.ts';
import { rejectReason } from './rejectReason.ts';
import { RPC_ERROR, RpcError } from './rpcError.ts';
import { rpcMethod } from './rpcMethod.ts';
import { DEFAULT_MAX_FEE_RATE, maxFeeOf, readTransactionHex } from './transactionMethods.ts';

export const testMempoolAccept = rpcMethod({
  name: 'testmempoolaccept',
  theme: 'Rawtransactions',
  summary:
    'Whether the mempool would take these transactions, each of which may spend from the ones before; sends nothing.',
  example: `indiecoin rpc testmempoolaccept '["<hex>"]'`,
  parameters: {
    rawtxs: z.array(text),
    maxfeerate: z.union([z.number(), z.string()]).default(DEFAULT_MAX_FEE_RATE),
  },
  run: testTransactions,
});

async function testTransactions(
  { mempool }: NodeServices,
  { rawtxs, maxfeerate }: { rawtxs: readonly string[]; maxfeerate: number | string },
): Promise<Record<string, unknown>[]> {
  if (rawtxs.length === 0 || rawtxs.length > MAX_PACKAGE) {
    const message = `Array must contain between 1 and ${MAX_PACKAGE} transactions.`;
    throw new RpcError(RPC_ERROR.invalidParameter, message);
  }
  const transactions = rawtxs.map(readTransactionHex);
  const maxFees = transactions.map((transaction) => maxFeeOf(transaction, Number(maxfeerate)));
  const { error, verdicts } = await mempool.test(transactions);
  let isOver = false;
  return transactions.map((transaction, i) => {
    const txid = hashToHex(transaction.hash);
    const base = { txid, wtxid: txid, ...(error !== undefined && { 'package-error': error }) };
    if (isOver) return base;
    const answer = describe(transaction, verdicts[i]!, maxFees[i]);
    // What comes after one that pays too much by mistake is not said.
    isOver = answer['reject-reason'] === 'max-fee-exceeded';
    return { ...base, ...answer };
  });
}

function describe(
  { bytes, hash }: Transaction,
  verdict: TestVerdict,
  maxFee: bigint | undefined,
): Record<string, unknown> {
  switch (verdict.status) {
    case 'allowed': {
      const { fee } = verdict;
      if (maxFee !== undefined && fee > maxFee) return refused('max-fee-exceeded');
      const effective = {
        'effective-feerate': toCoinsPerKilobyte(Number(fee) / bytes.length),
        'effective-includes': [hashToHex(hash)],
      };
      return { allowed: true, vsize: bytes.length, fees: { base: toCoins(fee), ...effective } };
    }
    case 'known':
      return refused(verdict.isInChain ? 'txn-already-known' : 'txn-already-in-mempool');
    case 'missing':
      return refused('missing-inputs', 'bad-txns-inputs-missingorspent');
    case 'policy': {
      const { reason, detail } = verdict;
      return refused(reason, detail === undefined ? reason : `${reason}, ${detail}`);
    }
    case 'rejected':
      return refused(rejectReason(verdict.rejection));
    case 'unjudged':
      return {};
  }
}

function refused(reason: string, details = reason): Record<string, unknown> {
  return { allowed: false, 'reject-reason': reason, 'reject-details': details };
}
