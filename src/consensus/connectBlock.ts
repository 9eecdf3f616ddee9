import { inOneGo } from '../bytes/breathe.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { SignatureCheck } from '../crypto/signatureCheck.ts';
import type { Block } from '../primitives/block.ts';
import type { Outpoint, Transaction } from '../primitives/transaction.ts';
import { checkSpend, type SpendContext } from './checkSpend.ts';
import type { Coin, CoinSet } from './coin.ts';
import { lockTypeOf } from './lockingScript.ts';
import type { Rejection } from './rejection.ts';
import { subsidyAt } from './subsidy.ts';

/**
 * A block on its way into the chain, some transactions at a time, so that a block of 3 MB does not hold the event loop
 * and coins are fetched in bulk. Plain data, changed only by the functions here: `while (!isConnected(c))`, see to it that
 * the set has the coins of `nextOutpoints(c)`, and `connectTransactions(c)`; then `finishConnecting(c)`.
 */
export type BlockConnection = {
  readonly block: Block;
  readonly context: SpendContext;
  /** Changed as the transactions are connected. After a rejection it is of no more use. */
  readonly coins: CoinSet;
  /** Transactions whose signatures were verified before, on the way into the mempool. */
  readonly isVerified: (transaction: Transaction) => boolean;
  /** Index of the first transaction that is not connected yet. */
  next: number;
  fees: bigint;
  /** The coins that were spent, in the order of the inputs: what it takes to undo the block. */
  readonly spent: Coin[];
};

/** Inputs and outputs of one slice, at most (one transaction more, so that it makes progress). */
const SLICE_COINS = 2000;
/** Transactions undone before a pause. */
const SLICE_TRANSACTIONS = 500;

export function beginConnecting(
  block: Block,
  context: SpendContext,
  coins: CoinSet,
  isVerified: (transaction: Transaction) => boolean = () => false,
): BlockConnection {
  return { block, context, coins, isVerified, next: 0, fees: 0n, spent: [] };
}

export function isConnected({ block, next }: BlockConnection): boolean {
  return next === block.transactions.length;
}

/** The outpoints that the next slice spends. Some may exist nowhere, and some are of this block. */
export function nextOutpoints(connection: BlockConnection): Outpoint[] {
  const { block, next } = connection;
  const outpoints: Outpoint[] = [];
  const end = endOfSlice(connection);
  for (let i = Math.max(next, 1); i < end; i++) {
    for (const { outpoint } of block.transactions[i]!.inputs) outpoints.push(outpoint);
  }
  return outpoints;
}

/** Applies the next slice. Returns the signatures to verify; a rejection means that the block is invalid. */
export function connectTransactions(
  connection: BlockConnection,
): { checks: SignatureCheck[] } | { rejection: Rejection } {
  const { block, context, coins, isVerified, spent } = connection;
  const checks: SignatureCheck[] = [];
  const add = (outpoint: Outpoint, coin: Coin) => coins.add(outpoint, coin);
  for (const end = endOfSlice(connection); connection.next < end; connection.next++) {
    const transaction = block.transactions[connection.next]!;
    if (connection.next > 0) {
      const taken = takeCoins(transaction, coins);
      const spend = checkSpend(transaction, taken, context);
      if ('rejection' in spend) return spend;
      for (const coin of taken) spent.push(coin!);
      connection.fees += spend.fee;
      if (!isVerified(transaction)) for (const check of spend.checks) checks.push(check);
    }
    forEachCoin(transaction, connection.next === 0, context.height, add);
  }
  return { checks };
}

/** The last rule, for which all fees must be known: the coinbase takes no more than it may. */
export function finishConnecting({ block, context, fees }: BlockConnection): Rejection | undefined {
  const max = subsidyAt(context.height, context.params) + fees;
  const amount = block.transactions[0]!.outputs.reduce((sum, output) => sum + output.amount, 0n);
  return amount > max ? { code: 'bad-cb-amount', amount, max } : undefined;
}

/**
 * The exact opposite of connecting: the coins that the block made are gone, those it spent are back.
 * `spent` is what connecting recorded. @throws RangeError when it does not fit the block, which is damage of ours
 */
export function disconnectBlock(block: Block, height: number, spent: readonly Coin[], coins: CoinSet): void {
  inOneGo(disconnectingBlock(block, height, spent, coins));
}

/** disconnectBlock with pauses. */
export function* disconnectingBlock(
  block: Block,
  height: number,
  spent: readonly Coin[],
  coins: CoinSet,
): Generator<void, void> {
  let next = spent.length;
  for (let i = block.transactions.length - 1; i >= 0; i--) {
    const transaction = block.transactions[i]!;
    forEachCoin(transaction, i === 0, height, (outpoint, coin) => coins.remove(outpoint, coin));
    if (i % SLICE_TRANSACTIONS === 0) yield;
    if (i === 0) continue;
    for (let input = transaction.inputs.length - 1; input >= 0; input--) {
      const coin = spent[--next];
      if (!coin) throw new RangeError(`the undo data of block ${hashToHex(block.header.hash)} is too short`);
      coins.add(transaction.inputs[input]!.outpoint, coin);
    }
  }
  if (next !== 0) throw new RangeError(`the undo data of block ${hashToHex(block.header.hash)} is too long`);
}

function endOfSlice({ block, next }: BlockConnection): number {
  let end = next;
  for (let coins = 0; end < block.transactions.length && coins < SLICE_COINS; end++) {
    const { inputs, outputs } = block.transactions[end]!;
    coins += inputs.length + outputs.length;
  }
  return end;
}

/** The coin of each input; undefined where there is none. */
function takeCoins({ inputs }: Transaction, coins: CoinSet): (Coin | undefined)[] {
  const taken = new Array<Coin | undefined>(inputs.length);
  for (let i = 0; i < inputs.length; i++) taken[i] = coins.spend(inputs[i]!.outpoint);
  return taken;
}

/** Calls back for every output that is a coin: a callback, because this runs for every output of every block. */
function forEachCoin(
  { hash, outputs }: Transaction,
  isCoinbase: boolean,
  height: number,
  use: (outpoint: Outpoint, coin: Coin) => void,
): void {
  for (let index = 0; index < outputs.length; index++) {
    const { amount, lockingScript } = outputs[index]!;
    // Data can never be spent, so it is never a coin.
    if (lockTypeOf(lockingScript) === 'data') continue;
    use({ txHash: hash, index }, { amount, lockingScript, height, isCoinbase });
  }
}
