import { bytesToKey } from '../bytes/bytes.ts';
import { outpointKey, type Transaction } from '../primitives/transaction.ts';
import { MAX_PENDING, MAX_PENDING_BYTES } from './policy.ts';
import type { TransactionVerdict } from './transactionVerdict.ts';

type Verdict = Promise<TransactionVerdict>;

/** The transactions on their way through the checks: a bounded number, and none twice. */
export class Admissions {
  readonly #verdicts = new Map<string, Verdict>();
  /** By what they spend, the last of each. */
  readonly #spenders = new Map<string, Verdict>();
  #bytes = 0;

  /** The verdict to come on a transaction that is on its way, by its hash in wire order. */
  get(hash: Uint8Array): Verdict | undefined {
    return this.#verdicts.size === 0 ? undefined : this.#verdicts.get(bytesToKey(hash));
  }

  /**
   * The verdicts to come on those before this one that it spends from, or whose coins it spends too. They were here first:
   * a child that comes right behind its parents is no orphan, and a rival has to pay more than what came before it.
   */
  forerunnersOf({ inputs }: Transaction): Verdict[] {
    const verdicts: Verdict[] = [];
    if (this.#verdicts.size === 0) return verdicts;
    for (const { outpoint } of inputs) {
      const parent = this.get(outpoint.txHash);
      const rival = this.#spenders.get(outpointKey(outpoint.txHash, outpoint.index));
      if (parent !== undefined) verdicts.push(parent);
      if (rival !== undefined) verdicts.push(rival);
    }
    return verdicts;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#verdicts.size < MAX_PENDING && this.#bytes + bytes <= MAX_PENDING_BYTES;
  }

  /** `verdict` is to call `end` when it is there. */
  begin({ hash, inputs, bytes }: Transaction, verdict: Verdict): void {
    this.#verdicts.set(bytesToKey(hash), verdict);
    for (const { outpoint } of inputs)
      this.#spenders.set(outpointKey(outpoint.txHash, outpoint.index), verdict);
    this.#bytes += bytes.length;
  }

  end({ hash, inputs, bytes }: Transaction): void {
    const verdict = this.get(hash);
    this.#verdicts.delete(bytesToKey(hash));
    for (const { outpoint } of inputs) {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      if (this.#spenders.get(key) === verdict) this.#spenders.delete(key);
    }
    this.#bytes -= bytes.length;
  }
}
