import { bitsToTarget, workOfTarget } from '../primitives/target.ts';
import type { MiningOptions } from './miner.ts';
import type { MiningThreads } from './miningThreads.ts';
import type { BlockTemplate } from './template.ts';

/** What a thread was given. */
export type Work = Readonly<{ generation: number; template: BlockTemplate }>;

/** A running search. */
export type MiningSession = {
  readonly threads: MiningThreads;
  readonly options: MiningOptions;
  /** What each thread works on, and what it did before: a block of that is as good while the tip is the same. */
  readonly work: Work[][];
  /** The parent of the last block of ours: another on it is only that one's brother, and no loss. */
  solved: { readonly parent: string; isOnItsWay: boolean } | undefined;
  /** Counts of hashes, one a second, oldest first. */
  readonly samples: { atMs: number; hashes: number }[];
  readonly clock: NodeJS.Timeout;
  /** Not to begin a block before this. */
  resumeAtMs: number;
  resume: NodeJS.Timeout | undefined;
};

/** What a block takes on average. */
export function hashesPerBlock({ work }: MiningSession): number {
  const [current] = work[0]!;
  return current === undefined
    ? Number.NaN
    : Number(workOfTarget(bitsToTarget(current.template.header.bits)!));
}

/** Hashes a second, over the last seconds. */
export function hashRate({ samples, threads }: MiningSession): number {
  const { atMs, hashes } = samples[0]!;
  const spanSec = (performance.now() - atMs) / 1000;
  return spanSec > 0 ? (threads.hashes - hashes) / spanSec : 0;
}
