import { bytesToKey } from '../bytes/bytes.ts';
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

  hasRoomFor(bytes: number): boolean {
    return this.#verdicts.size < MAX_PENDING && this.#bytes + bytes <= MAX_PENDING_BYTES;
  }

  async run(
    hash: Uint8Array,
    bytes: number,
    admit: () => Promise<TransactionVerdict>,
  ): Promise<TransactionVerdict> {
    const key = bytesToKey(hash);
    const verdict = admit();
    this.#verdicts.set(key, verdict);
    this.#bytes += bytes;
    try {
      return await verdict;
    } finally {
      this.#verdicts.delete(key);
      this.#bytes -= bytes;
    }
  }
}
