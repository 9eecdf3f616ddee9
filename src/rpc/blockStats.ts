import type { BlockNode } from '../chain/blockNode.ts';
import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import { subsidyAt } from '../consensus/subsidy.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import type { TransactionOutput } from '../primitives/transaction.ts';

/** What Bitcoin Core counts for a coin beside its output: the outpoint, the height and whether a coinbase made it. */
const COIN_OVERHEAD_BYTES = 41;
/** Shares of the block's bytes at which the fee rate is read. */
const PERCENTILES = [0.1, 0.25, 0.5, 0.75, 0.9];

export type BlockStats = Readonly<Record<string, unknown>>;

type Paid = Readonly<{ fee: number; bytes: number; rate: number }>;

/**
 * Bitcoin Core's getblockstats (src/rpc/blockchain.cpp) for a block of ours. Amounts are base units; the coinbase counts
 * in what it makes, and not in sizes and fees.
 * @param spent the coins that the block spent, in the order of its inputs
 */
export function blockStats(
  node: BlockNode,
  { transactions }: Block,
  spent: readonly Coin[],
  context: { params: NetworkParams; medianTimeSec: number },
): BlockStats {
  const paid = paidBy(transactions, spent);
  const fees = paid.map(({ fee }) => fee);
  const sizes = paid.map(({ bytes }) => bytes);
  const rates = paid.map(({ rate }) => rate);
  const totalFee = sum(fees);
  const totalBytes = sum(sizes);
  const outputs = transactions.flatMap((transaction) => transaction.outputs);
  const kept = node.height === 0 ? [] : outputs.filter(isCoin);
  const spentBytes = sum(spent.map(coinBytes));
  return {
    avgfee: average(totalFee, paid.length),
    avgfeerate: average(totalFee, totalBytes),
    avgtxsize: average(totalBytes, paid.length),
    blockhash: node.hash,
    feerate_percentiles: percentilesOf(paid, totalBytes),
    height: node.height,
    ins: spent.length,
    maxfee: largest(fees),
    maxfeerate: largest(rates),
    maxtxsize: largest(sizes),
    medianfee: medianOf(fees),
    mediantime: context.medianTimeSec,
    mediantxsize: medianOf(sizes),
    minfee: smallest(fees),
    minfeerate: smallest(rates),
    mintxsize: smallest(sizes),
    outs: outputs.length,
    subsidy: Number(subsidyAt(node.height, context.params)),
    swtotal_size: 0,
    swtotal_weight: 0,
    swtxs: 0,
    time: node.timeSec,
    total_out: sum(transactions.slice(1).flatMap((of) => of.outputs.map(({ amount }) => Number(amount)))),
    total_size: totalBytes,
    total_weight: totalBytes * 4,
    totalfee: totalFee,
    txs: transactions.length,
    utxo_increase: outputs.length - spent.length,
    utxo_size_inc: sum(outputs.map(coinBytes)) - spentBytes,
    utxo_increase_actual: kept.length - spent.length,
    utxo_size_inc_actual: sum(kept.map(coinBytes)) - spentBytes,
  };
}

function paidBy(transactions: Block['transactions'], spent: readonly Coin[]): Paid[] {
  let at = 0;
  return transactions.slice(1).map(({ inputs, outputs, bytes: { length } }) => {
    const coins = spent.slice(at, at + inputs.length);
    at += inputs.length;
    const total = (of: readonly { amount: bigint }[]) => of.reduce((all, { amount }) => all + amount, 0n);
    const fee = Number(total(coins) - total(outputs));
    return { fee, bytes: length, rate: Math.floor(fee / length) };
  });
}

/** The rate of the transaction at which so much of the block is reached, from the worst paid on. */
function percentilesOf(paid: readonly Paid[], totalBytes: number): number[] {
  const ordered = [...paid].sort((a, b) => a.rate - b.rate);
  let reached = 0;
  let next = 0;
  const found: number[] = [];
  for (const { rate, bytes } of ordered) {
    reached += bytes;
    for (; next < PERCENTILES.length && reached >= totalBytes * PERCENTILES[next]!; next++) found.push(rate);
  }
  return PERCENTILES.map((_, i) => found[i] ?? found.at(-1) ?? 0);
}

function isCoin({ lockingScript }: TransactionOutput): boolean {
  return lockTypeOf(lockingScript) !== 'data';
}

/** An amount of 8, a script of less than 253 bytes with its length before it, and what stands beside it. */
function coinBytes({ lockingScript }: { lockingScript: Uint8Array }): number {
  return 8 + 1 + lockingScript.length + COIN_OVERHEAD_BYTES;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function average(total: number, count: number): number {
  return count === 0 ? 0 : Math.floor(total / count);
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), values[0] ?? 0);
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function medianOf(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  if (ordered.length === 0) return 0;
  if (ordered.length % 2 === 1) return ordered[middle]!;
  return Math.floor((ordered[middle - 1]! + ordered[middle]!) / 2);
}
