import { bytesToKey } from '../bytes/bytes.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { Coin } from '../consensus/coin.ts';
import { lockTypeOf } from '../consensus/lockingScript.ts';
import { type Outpoint, outpointKey, type Transaction } from '../primitives/transaction.ts';
import type { EntrySet } from './entrySet.ts';
import type { Broken, Candidate, Examiner, Imagined } from './examiner.ts';
import { ancestorsVia } from './familyLimits.ts';
import type { MempoolEntry } from './mempoolEntry.ts';
import { MAX_FAMILY, MAX_FAMILY_BYTES } from './policy.ts';

/** What would become of a transaction if it were sent now. */
export type TestVerdict =
  | Readonly<{ status: 'allowed'; fee: bigint }>
  | Readonly<{ status: 'known'; isInChain: boolean }>
  /** It spends what does not exist, or no more. */
  | Readonly<{ status: 'missing' }>
  /** One of the others was refused, so this one was not looked at to the end. */
  | Readonly<{ status: 'unjudged' }>
  | Broken;

/** One verdict for each; `error` is what is wrong with them as a package, in Bitcoin Core's words. */
export type PackageVerdict = Readonly<{ error?: string; verdicts: readonly TestVerdict[] }>;

const UNJUDGED: TestVerdict = { status: 'unjudged' };

/** Asks all that is asked of transactions on their way in, each of which may spend from the ones before. Adds nothing. */
export async function testPackage(
  transactions: readonly Transaction[],
  parts: { examiner: Examiner; entries: EntrySet },
): Promise<PackageVerdict> {
  const unjudged = transactions.map(() => UNJUDGED);
  const malformed = transactions.length > 1 ? malformedPackage(transactions) : undefined;
  if (malformed !== undefined) return { error: malformed, verdicts: unjudged };
  const imagined = new ImaginedPackage();
  const candidates: Candidate[] = [];
  const refuseAt = (i: number, verdict: TestVerdict) => ({ verdicts: unjudged.with(i, verdict) });
  for (const [i, transaction] of transactions.entries()) {
    const { verdict, candidate } = await examine(transaction, imagined, parts);
    if (candidate === undefined) return refuseAt(i, verdict);
    if (transactions.length > 1 && parts.entries.conflictsOf(transaction).size > 0)
      return refuseAt(i, { status: 'policy', reason: 'bip125-replacement-disallowed' });
    candidates.push(candidate);
    imagined.add(candidate);
  }
  if (imagined.makesFamilyTooLarge()) return { error: 'package-mempool-limits', verdicts: unjudged };
  for (const [i, candidate] of candidates.entries()) {
    const forged = await parts.examiner.verify(candidate);
    if (forged) return refuseAt(i, forged);
  }
  return { verdicts: candidates.map(({ fee }) => ({ status: 'allowed', fee })) };
}

async function examine(
  transaction: Transaction,
  imagined: ImaginedPackage,
  { examiner, entries }: { examiner: Examiner; entries: EntrySet },
): Promise<{ verdict: TestVerdict; candidate?: Candidate }> {
  const broken = examiner.checkAlone(transaction);
  if (broken) return { verdict: broken };
  if (entries.ofHash(transaction.hash)) return { verdict: { status: 'known', isInChain: false } };
  const found = await examiner.find(transaction, hashToHex(transaction.hash), imagined);
  if (found.status === 'missing') {
    const { status } = await examiner.judgeMissing(transaction, found.coins);
    return { verdict: status === 'known' ? { status, isInChain: true } : { status: 'missing' } };
  }
  if (found.status !== 'found') return { verdict: found };
  const plan = examiner.plan(found.candidate, imagined);
  if (plan.status !== 'wanted') return { verdict: plan };
  return { verdict: UNJUDGED, candidate: found.candidate };
}

/** What is wrong with these whatever the chain: parents come first, and none twice, nor anything that they spend. */
function malformedPackage(transactions: readonly Transaction[]): string | undefined {
  const later = new Set(transactions.map(({ hash }) => bytesToKey(hash)));
  if (later.size < transactions.length) return 'package-contains-duplicates';
  for (const { hash, inputs } of transactions) {
    if (inputs.some(({ outpoint }) => later.has(bytesToKey(outpoint.txHash)))) return 'package-not-sorted';
    later.delete(bytesToKey(hash));
  }
  const spent = transactions.flatMap(({ inputs }) =>
    inputs.map(({ outpoint }) => outpointKey(outpoint.txHash, outpoint.index)),
  );
  return new Set(spent).size < spent.length ? 'conflict-in-package' : undefined;
}

/** Those of a package that were found to be fine, as if they were in the mempool. */
class ImaginedPackage implements Imagined {
  readonly #entries = new Map<string, MempoolEntry>();

  coinOf({ txHash, index }: Outpoint, height: number): Coin | undefined {
    const output = this.#entries.get(bytesToKey(txHash))?.transaction.outputs[index];
    if (!output || lockTypeOf(output.lockingScript) === 'data') return undefined;
    return { amount: output.amount, lockingScript: output.lockingScript, height, isCoinbase: false };
  }

  parentsOf({ inputs }: Transaction): ReadonlySet<MempoolEntry> {
    const parents = inputs.map(({ outpoint }) => this.#entries.get(bytesToKey(outpoint.txHash)));
    return new Set(parents.filter((parent) => parent !== undefined));
  }

  add({ transaction, txid, fee, coins, parents, tip }: Candidate): void {
    const alone = { count: 1, bytes: transaction.bytes.length, fees: Number(fee) };
    this.#entries.set(bytesToKey(transaction.hash), {
      transaction,
      txid,
      fee,
      modifiedFee: Number(fee),
      feeRate: Number(fee) / transaction.bytes.length,
      addedSec: 0,
      height: tip.height,
      coins,
      parents: new Set([...parents, ...this.parentsOf(transaction)]),
      children: new Set(),
      ancestors: alone,
      descendants: alone,
    });
  }

  /** Whether a transaction of the mempool would have more descendants than it may with all of these. */
  makesFamilyTooLarge(): boolean {
    const sums = new Map<MempoolEntry, { count: number; bytes: number }>();
    for (const { parents, transaction } of this.#entries.values()) {
      for (const ancestor of ancestorsVia(parents)) {
        const { count, bytes } = sums.get(ancestor) ?? ancestor.descendants;
        sums.set(ancestor, { count: count + 1, bytes: bytes + transaction.bytes.length });
      }
    }
    return [...sums.values()].some(({ count, bytes }) => count > MAX_FAMILY || bytes > MAX_FAMILY_BYTES);
  }
}
