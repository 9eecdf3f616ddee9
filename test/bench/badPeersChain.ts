import type { NetworkParams } from '../../src/params/networkParams.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { after, chainOfBlocks, outpoint, solvedBlock } from '../support/blocks.ts';
import { dataTransactions, RESERVED } from '../support/dataBlocks.ts';

/** A chain of so many small blocks, and then of no more large ones: every process makes the same one for itself. */
export type ChainPlan = Readonly<{ small: number; large: number }>;

/** Of a large block, in ten transactions. */
const LARGE_SIZES = Array<number>(10).fill(100_000);
const MATURITY = 100;

export function heightOf({ small, large }: ChainPlan): number {
  return small + large;
}

/** A network where a chain counts only from half the work of this one on. */
export function benchParams(plan: ChainPlan): NetworkParams {
  return { ...regtest, minimumChainWork: BigInt(heightOf(plan)) };
}

export function makeChain({ small, large }: ChainPlan): Block[] {
  if (large > small - MATURITY) throw new RangeError('a large block needs a mature coinbase of a small one');
  const blocks = chainOfBlocks(regtest.genesis, 0, small, RESERVED);
  const lockingScript = RESERVED;
  for (let i = 0; i < large; i++) {
    // Anyone may spend the coinbases, so that nothing needs to be signed.
    const transactions = dataTransactions(outpoint(blocks[i]!.transactions[0]!), LARGE_SIZES);
    const height = small + i + 1;
    blocks.push(
      solvedBlock({ parent: after(blocks.at(-1)!), height, lockingScript, amount: 0n, transactions }),
    );
  }
  return blocks;
}
