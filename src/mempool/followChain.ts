import { breathe } from '../bytes/breathe.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { Chain } from '../chain/chain.ts';
import type { ChainChange, ChangedBlock } from '../chain/chainChange.ts';
import { checkSpend, type SpendContext } from '../consensus/checkSpend.ts';
import type { Coin } from '../consensus/coin.ts';
import { detachTransaction, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { EntrySet } from './entrySet.ts';
import { ancestorsVia, unwantedFamily } from './familyLimits.ts';
import { family, type MempoolEntry } from './mempoolEntry.ts';
import { MAX_FAMILY, MAX_FAMILY_BYTES } from './policy.ts';

/** Transactions whose coins are read at once. */
const SLICE = 500;

/** How the mempool follows the chain: what the new blocks hold or contradict leaves, what was undone comes back. */

/**
 * Takes out what this block holds, and with its descendants whatever spends the same coins as it does. Returns what it held.
 */
export function removeConnected(entries: EntrySet, { node, block }: ChangedBlock): MempoolEntry[] {
  const confirmed: MempoolEntry[] = [];
  if (entries.size === 0) return confirmed;
  for (const transaction of block.transactions.slice(1)) {
    const entry = entries.confirm(transaction.hash, node.height);
    if (entry !== undefined) {
      confirmed.push(entry);
      continue;
    }
    const conflicts = entries.conflictsOf(transaction);
    if (conflicts.size > 0) entries.removeWithDescendants(conflicts, 'conflict');
  }
  return confirmed;
}

/**
 * After a reorganization: puts back what the undone blocks held and the new ones do not, as far as it is valid in the next
 * block, and takes out what no longer is: too early for its lock time, or spending a coin that is gone or immature again.
 * Returns what came back.
 */
export async function followReorganization(
  entries: EntrySet,
  chain: Chain,
  context: SpendContext,
  change: ChainChange,
  nowSec: number,
): Promise<MempoolEntry[]> {
  const forkHeight = Math.min(...change.disconnected.map(({ node }) => node.height)) - 1;
  const suspects = [...entries.values()].filter((entry) => mayHaveBecomeInvalid(entry, forkHeight));
  const returned: MempoolEntry[] = [];
  for (const slice of slices(transactionsToReturn(change))) {
    const read = await readSpends(slice, chain);
    for (const transaction of slice) {
      const entry = giveBack(transaction, entries, read, context, nowSec);
      if (entry) returned.push(entry);
    }
    await breathe();
  }
  for (const slice of slices(suspects)) {
    const read = await readSpends(
      slice.map(({ transaction }) => transaction),
      chain,
    );
    for (const entry of slice) recheck(entry, entries, read, context);
    await breathe();
  }
  return returned.filter(({ txid }) => entries.has(txid));
}

/** The oldest first, so that parents come before their children. */
function transactionsToReturn({ disconnected, connected }: ChainChange): Transaction[] {
  const confirmed = new Set(
    connected.flatMap(({ block }) => block.transactions.map(({ hash }) => hashToHex(hash))),
  );
  return disconnected
    .toReversed()
    .flatMap(({ block }) => block.transactions.slice(1))
    .filter(({ hash }) => !confirmed.has(hashToHex(hash)));
}

/** Signatures are not verified again: they were when the block was connected. */
function giveBack(
  transaction: Transaction,
  entries: EntrySet,
  read: ReadonlyMap<string, Coin>,
  context: SpendContext,
  nowSec: number,
): MempoolEntry | undefined {
  const txid = hashToHex(transaction.hash);
  if (entries.has(txid) || entries.conflictsOf(transaction).size > 0) return undefined;
  const detached = detachTransaction(transaction);
  const coins = coinsOf(detached, entries, read, context);
  const spend = checkSpend(detached, coins, context);
  if ('rejection' in spend) return undefined;
  // A block may hold longer chains than we keep: those of 10,000 would hold the node for seconds.
  const ancestors = ancestorsVia(entries.parentsOf(detached));
  if (ancestors.size > 0 && unwantedFamily(ancestors, detached.bytes.length)) return undefined;
  const height = context.height - 1;
  const fields = {
    transaction: detached,
    txid,
    fee: spend.fee,
    addedSec: nowSec,
    height,
    coins: coins as Coin[],
  };
  const entry = entries.add(fields, { mayHaveChildren: true });
  removeTooLong(entry, entries);
  return entry;
}

/** What waited for a transaction that has come back has more ancestors than before, perhaps too many. */
function removeTooLong(entry: MempoolEntry, entries: EntrySet): void {
  if (entry.children.size === 0) return;
  const isTooLong = ({ ancestors }: MempoolEntry) =>
    ancestors.count > MAX_FAMILY || ancestors.bytes > MAX_FAMILY_BYTES;
  const tooLong = [...family(entry, 'children')].filter(isTooLong);
  entries.removeWithDescendants(tooLong, 'evicted');
}

/** All else is as valid as it was: its coins are older than the fork, and any block's successor may hold it. */
function mayHaveBecomeInvalid({ transaction, coins }: MempoolEntry, forkHeight: number): boolean {
  const hasLockTime = transaction.lockTime !== 0 || transaction.version >>> 0 >= 2;
  return hasLockTime || coins.some(({ height, isCoinbase }) => isCoinbase || height > forkHeight);
}

function recheck(
  entry: MempoolEntry,
  entries: EntrySet,
  read: ReadonlyMap<string, Coin>,
  context: SpendContext,
): void {
  // It may have left with its parent, or with an ancestor of that.
  if (!entries.holds(entry)) return;
  const coins = coinsOf(entry.transaction, entries, read, context);
  const spend = checkSpend(entry.transaction, coins, context);
  if ('rejection' in spend) entries.removeWithDescendants([entry], 'conflict');
  else entries.setCoins(entry, coins as Coin[]);
}

function coinsOf(
  { inputs }: Transaction,
  entries: EntrySet,
  read: ReadonlyMap<string, Coin>,
  context: SpendContext,
): (Coin | undefined)[] {
  return inputs.map(
    ({ outpoint }) =>
      entries.coinOf(outpoint, context.height) ?? read.get(outpointKey(outpoint.txHash, outpoint.index)),
  );
}

async function readSpends(transactions: readonly Transaction[], chain: Chain): Promise<Map<string, Coin>> {
  const outpoints = transactions.flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpoint));
  const coins = await chain.readCoins(outpoints);
  const read = new Map<string, Coin>();
  for (const [i, { txHash, index }] of outpoints.entries()) {
    const coin = coins[i];
    if (coin) read.set(outpointKey(txHash, index), coin);
  }
  return read;
}

function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += SLICE) yield items.slice(i, i + SLICE);
}
