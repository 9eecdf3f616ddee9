import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import type { TransactionVerdict } from '../mempool/transactionVerdict.ts';

/** Of 64 characters each. */
const MAX_REFUSED = 20_000;

/**
 * Transactions that were refused, or replaced, since the tip last moved: what builds on them is no orphan whose parents are
 * to be asked for. Another tip may judge otherwise, so it begins anew with each (Bitcoin Core's recent rejects).
 */
export class RefusedPayments {
  readonly #chain: Chain;
  readonly #txids = new Set<string>();
  #tip: BlockNode | undefined;

  constructor(chain: Chain) {
    this.#chain = chain;
  }

  add(txid: string): void {
    this.#beginAnew();
    this.#txids.add(txid);
    if (this.#txids.size > MAX_REFUSED) this.#txids.delete(this.#txids.values().next().value!);
  }

  has(txid: string): boolean {
    this.#beginAnew();
    return this.#txids.has(txid);
  }

  #beginAnew(): void {
    if (this.#tip === this.#chain.tip) return;
    this.#tip = this.#chain.tip;
    this.#txids.clear();
  }
}

/** Whether it will not be had, as long as the tip is the same. */
export function isRefusal({ status }: TransactionVerdict): boolean {
  return status === 'policy' || status === 'rejected';
}
