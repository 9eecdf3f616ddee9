import type { Block } from '../../../src/primitives/block.ts';
import type { Transaction } from '../../../src/primitives/transaction.ts';
import type { BitcoinChain } from './bitcoinChain.ts';

/** What comes back for one block that is given to a node. */
export type Answer =
  /** A rule's code. */
  | Readonly<{ code: string }>
  /** Not a block at all. */
  | Readonly<{ undecodable: true }>
  /** The RPC wants a coinbase first, as Bitcoin Core's; other doors name the rule. */
  | Readonly<{ noCoinbase: string }>
  /** Neither taken nor refused: the words of BIP22. */
  | Readonly<{ aside: 'prev-blk-not-found' | 'duplicate' | 'inconclusive' }>;

export type Step = Readonly<{ bytes: Uint8Array; answer: Answer }>;

/** Blocks that must not be taken, and the one that must be in their place: often the last that the same rule allows. */
export type BrokenCase = Readonly<{
  name: string;
  build: (chain: BitcoinChain) => { steps: Step[]; honest: Block };
}>;

type Make = (chain: BitcoinChain) => Block;

/** One block that breaks one rule. */
export function breaks(
  code: string,
  what: string,
  broken: Make,
  honest: Make = (chain) => chain.block(),
): BrokenCase {
  return steps(`${code}: ${what}`, (chain) => [{ bytes: broken(chain).bytes, answer: { code } }], honest);
}

/** One payment that breaks one rule, and one that does not. */
export function breaksPayment(
  code: string,
  what: string,
  broken: (chain: BitcoinChain) => Transaction[],
  honest?: (chain: BitcoinChain) => Transaction[],
): BrokenCase {
  return breaks(
    code,
    what,
    (chain) => chain.block({ transactions: broken(chain) }),
    (chain) => chain.block(honest ? { transactions: honest(chain) } : {}),
  );
}

export function steps(
  name: string,
  make: (chain: BitcoinChain, honest: Block) => Step[],
  honest: Make = (chain) => chain.block(),
): BrokenCase {
  return {
    name,
    build: (chain) => {
      const good = honest(chain);
      return { steps: make(chain, good), honest: good };
    },
  };
}
