import { MAX_PENDING, MAX_PENDING_BYTES } from './policy.ts';
import type { TransactionVerdict } from './transactionVerdict.ts';

/** The transactions on their way through the checks: a bounded number, and none twice. */
export class Admissions {
  readonly #verdicts = new Map<string, Promise<TransactionVerdict>>();
  #bytes = 0;

  /** The verdict to come on a transaction that is on its way. */
  get(txid: string): Promise<TransactionVerdict> | undefined {
    return this.#verdicts.get(txid);
  }

  hasRoomFor(bytes: number): boolean {
    return this.#verdicts.size < MAX_PENDING && this.#bytes + bytes <= MAX_PENDING_BYTES;
  }

  async run(
    txid: string,
    bytes: number,
    admit: () => Promise<TransactionVerdict>,
  ): Promise<TransactionVerdict> {
    const verdict = admit();
    this.#verdicts.set(txid, verdict);
    this.#bytes += bytes;
    try {
      return await verdict;
    } finally {
      this.#verdicts.delete(txid);
      this.#bytes -= bytes;
    }
  }
}
