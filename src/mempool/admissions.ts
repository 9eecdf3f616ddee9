import { bytesToKey } from '../bytes/bytes.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { MAX_PENDING, MAX_PENDING_BYTES } from './policy.ts';
import type { TransactionVerdict } from './transactionVerdict.ts';

/** The transactions on their way through the checks: a bounded number, and none twice. */
export class Admissions {
  readonly #verdicts = new Map<string, Promise<TransactionVerdict>>();
  #bytes = 0;

  /** The verdict to come on a transaction that is on its way, by its hash in wire order. */
  get(hash: Uint8Array): Promise<TransactionVerdict> | undefined {
    return this.#verdicts.size === 0 ? undefined : this.#verdicts.get(bytesToKey(hash));
  }

  /** The verdicts to come on what this one spends from. */
  parentsOf({ inputs }: Transaction): Promise<TransactionVerdict>[] {
    const verdicts: Promise<TransactionVerdict>[] = [];
    if (this.#verdicts.size === 0) return verdicts;
    for (const { outpoint } of inputs) {
      const verdict = this.get(outpoint.txHash);
      if (verdict !== undefined) verdicts.push(verdict);
    }
    return verdicts;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#verdicts.size < MAX_PENDING && this.#bytes + bytes <= MAX_PENDING_BYTES;
  }

  /** `verdict` is to call `end` when it is there. */
  begin(hash: Uint8Array, bytes: number, verdict: Promise<TransactionVerdict>): void {
    this.#verdicts.set(bytesToKey(hash), verdict);
    this.#bytes += bytes;
  }

  end(hash: Uint8Array, bytes: number): void {
    this.#verdicts.delete(bytesToKey(hash));
    this.#bytes -= bytes;
  }
}
