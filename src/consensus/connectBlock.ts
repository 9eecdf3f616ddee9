import { hashToHex } from '../bytes/hex.ts';
import type { SignatureCheck } from '../crypto/signatureCheck.ts';
import type { Block } from '../primitives/block.ts';
import { outpointKey, type Transaction } from '../primitives/transaction.ts';
import { checkSpend, type SpendContext } from './checkSpend.ts';
import type { Coin } from './coin.ts';
import { lockTypeOf } from './lockingScript.ts';
import type { Rejection } from './rejection.ts';
import { subsidyAt } from './subsidy.ts';

/** One coin before and after; undefined where it does not exist. */
export type CoinChange = Readonly<{ before: Coin | undefined; after: Coin | undefined }>;

/** Changes to the set of coins, by outpointKey. */
export type CoinChanges = Map<string, CoinChange>;

/**
 * A block on its way into the chain, some transactions at a time, so that a block of 3 MB does not hold the event loop
 * and coins are fetched in bulk. Plain data, changed only by the functions here: `while (!isConnected(c))`, fetch the coins
 * of `nextCoinKeys(c)`, and `connectTransactions(c, coins)`; when all signatures hold, `finishConnecting(c)`.
 */
export type BlockConnection = {
  readonly block: Block;
  readonly context: SpendContext;
  /** Transactions whose signatures were verified before, on the way into the mempool. */
  readonly isVerified: (transaction: Transaction) => boolean;
  /** Index of the first transaction that is not connected yet. */
  next: number;
  fees: bigint;
  readonly changes: CoinChanges;
  /** The coins that were spent, in the order of the inputs: what it takes to undo the block. */
  readonly spent: Coin[];
};

/** Inputs and outputs of one slice, at most (one transaction more, so that it makes progress). */
const SLICE_COINS = 2000;

export function beginConnecting(
  block: Block,
  context: SpendContext,
  isVerified: (transaction: Transaction) => boolean = () => false,
): BlockConnection {
  return { block, context, isVerified, next: 0, fees: 0n, changes: new Map(), spent: [] };
}

export function isConnected({ block, next }: BlockConnection): boolean {
  return next === block.transactions.length;
}

/** The coins, by outpointKey, that the next slice spends and no earlier slice of this block made or spent. May not exist. */
export function nextCoinKeys(connection: BlockConnection): string[] {
  const { block, next, changes } = connection;
  const keys: string[] = [];
  const end = endOfSlice(connection);
  for (let i = Math.max(next, 1); i < end; i++) {
    for (const { outpoint } of block.transactions[i]!.inputs) {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      if (!changes.has(key)) keys.push(key);
    }
  }
  return keys;
}

/**
 * Applies the next slice to the connection. `coins` has those of nextCoinKeys that exist.
 * Returns the signatures to verify; a rejection means that the block is invalid and the connection of no more use.
 */
export function connectTransactions(
  connection: BlockConnection,
  coins: ReadonlyMap<string, Coin>,
): { checks: SignatureCheck[] } | { rejection: Rejection } {
  const { block, context, isVerified } = connection;
  const checks: SignatureCheck[] = [];
  for (const end = endOfSlice(connection); connection.next < end; connection.next++) {
    const transaction = block.transactions[connection.next]!;
    if (connection.next > 0) {
      const spend = checkSpend(transaction, takeCoins(connection, transaction, coins), context);
      if ('rejection' in spend) return spend;
      connection.fees += spend.fee;
      if (!isVerified(transaction)) checks.push(...spend.checks);
    }
    addCoins(connection, transaction);
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
export function disconnectBlock(block: Block, height: number, spent: readonly Coin[]): CoinChanges {
  const changes: CoinChanges = new Map();
  let next = spent.length;
  for (let i = block.transactions.length - 1; i >= 0; i--) {
    const transaction = block.transactions[i]!;
    forEachCoin(transaction, i === 0, height, (key, coin) => change(changes, key, coin, undefined));
    if (i === 0) continue;
    for (let input = transaction.inputs.length - 1; input >= 0; input--) {
      const { txHash, index } = transaction.inputs[input]!.outpoint;
      const coin = spent[--next];
      if (!coin) throw new RangeError(`the undo data of block ${hashToHex(block.header.hash)} is too short`);
      change(changes, outpointKey(txHash, index), undefined, coin);
    }
  }
  if (next !== 0) throw new RangeError(`the undo data of block ${hashToHex(block.header.hash)} is too long`);
  return changes;
}

/** Notes a change on top of earlier ones: what counts as before is what was before the first. */
export function change(
  changes: CoinChanges,
  key: string,
  before: Coin | undefined,
  after: Coin | undefined,
): void {
  const earlier = changes.get(key);
  const first = earlier ? earlier.before : before;
  changes.set(key, { before: first, after });
}

function endOfSlice({ block, next }: BlockConnection): number {
  let end = next;
  for (let coins = 0; end < block.transactions.length && coins < SLICE_COINS; end++) {
    const { inputs, outputs } = block.transactions[end]!;
    coins += inputs.length + outputs.length;
  }
  return end;
}

function takeCoins(
  { changes, spent }: BlockConnection,
  transaction: Transaction,
  coins: ReadonlyMap<string, Coin>,
): (Coin | undefined)[] {
  return transaction.inputs.map(({ outpoint }) => {
    const key = outpointKey(outpoint.txHash, outpoint.index);
    const earlier = changes.get(key);
    const coin = earlier ? earlier.after : coins.get(key);
    if (coin) {
      change(changes, key, coin, undefined);
      spent.push(coin);
    }
    return coin;
  });
}

function addCoins({ changes, context, next }: BlockConnection, transaction: Transaction): void {
  forEachCoin(transaction, next === 0, context.height, (key, coin) => change(changes, key, undefined, coin));
}

/** Calls back for every output that is a coin: a callback, because this runs for every output of every block. */
function forEachCoin(
  { hash, outputs }: Transaction,
  isCoinbase: boolean,
  height: number,
  use: (key: string, coin: Coin) => void,
): void {
  for (let index = 0; index < outputs.length; index++) {
    const { amount, lockingScript } = outputs[index]!;
    // Data can never be spent, so it is never a coin.
    if (lockTypeOf(lockingScript) === 'data') continue;
    use(outpointKey(hash, index), { amount, lockingScript, height, isCoinbase });
  }
}
