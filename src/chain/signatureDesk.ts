import { bytesToKey } from '../bytes/bytes.ts';
import type { SignatureCheck } from '../crypto/signatureCheck.ts';
import type { VerifyPool } from '../crypto/verifyPool.ts';
import type { Block } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';

/** Signatures handed out for verification before connecting waits: half a second of work, and its memory. */
const MAX_CHECKS_DUE = 16_000;
/** Slices of blocks that they came in: the pool, which the mempool uses too, takes 10,000 calls at a time. */
const MAX_SLICES_DUE = 4000;
/** Transactions of undone blocks that are remembered, of some 80 bytes each. */
const MAX_UNDONE = 100_000;

/** Hands signatures to the workers, never too many at once, and none that was verified before. */
export class SignatureDesk {
  readonly #pool: VerifyPool;
  readonly #isInMempool: (transaction: Transaction) => boolean;
  /** Signatures that the workers have not answered for, and their answers to come, oldest first. */
  #checksDue = 0;
  readonly #due = new Set<Promise<void>>();
  /** Transactions of blocks that were undone, the oldest first: another branch often has them too. */
  readonly #undone = new Set<string>();

  constructor(pool: VerifyPool, isInMempool: (transaction: Transaction) => boolean) {
    this.#pool = pool;
    this.#isInMempool = isInMempool;
  }

  /** Whether the signatures were verified before: in the mempool, or in a block that was undone. */
  isVerified(transaction: Transaction): boolean {
    if (this.#isInMempool(transaction)) return true;
    return this.#undone.size > 0 && this.#undone.has(bytesToKey(transaction.hash));
  }

  /** A signature is as good in one block as in another: the transaction's hash stands for the coins that it spends, too. */
  noteUndone({ transactions }: Block): void {
    for (const { hash } of transactions.slice(1)) this.#undone.add(bytesToKey(hash));
    for (const key of this.#undone) {
      if (this.#undone.size <= MAX_UNDONE) break;
      this.#undone.delete(key);
    }
  }

  /** Resolves when the workers are not too far behind, to the answer to come: see VerifyPool.verify. */
  async handOut(checks: readonly SignatureCheck[]): Promise<{ answer: Promise<number | undefined> }> {
    while (this.#checksDue > MAX_CHECKS_DUE || this.#due.size >= MAX_SLICES_DUE) {
      await this.#due.values().next().value;
    }
    const answer = this.#pool.verify(checks);
    this.#checksDue += checks.length;
    const settle = () => {
      this.#checksDue -= checks.length;
      this.#due.delete(due);
    };
    const due = answer.then(settle, settle);
    this.#due.add(due);
    return { answer };
  }
}
