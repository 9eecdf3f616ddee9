import type { Rejection } from '../consensus/rejection.ts';
import type { MempoolEntry } from './mempoolEntry.ts';

/** What became of a transaction. */
export type TransactionVerdict =
  | Readonly<{
      status: 'accepted';
      entry: MempoolEntry;
      /** What it took the place of: those that spent the same coins, and all that depended on them. */
      replaced: readonly MempoolEntry[];
    }>
  | Refusal;

export type Refusal =
  /** It is here already, or a block has it. */
  | Readonly<{ status: 'known' }>
  /** Kept for a while; `missing` are the txids of the parents to ask for. */
  | Readonly<{ status: 'orphan'; missing: readonly string[] }>
  /** Valid as far as we looked, but we do not want it: a reason in Bitcoin Core's words, and more for the one who reads it. */
  | Readonly<{ status: 'policy'; reason: string; detail?: string }>
  /** It breaks a rule; `verdictOf` says whether another tip could make it valid. */
  | Readonly<{ status: 'rejected'; rejection: Rejection }>;
