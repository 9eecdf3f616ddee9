import type { Rejection } from '../consensus/rejection.ts';
import type { BlockNode } from './blockNode.ts';

/** What became of a block. All but `rejected` and `unwanted` say that it was taken, or need not be. */
export type BlockVerdict =
  | Readonly<{ status: 'connected'; node: BlockNode }>
  /** On a side branch, or some of its ancestors' bodies are missing. */
  | Readonly<{ status: 'stored'; node: BlockNode }>
  | Readonly<{ status: 'known'; node: BlockNode }>
  /** Kept in memory for a while; `missing` is the hash of the block to ask for. */
  | Readonly<{ status: 'orphan'; missing: string }>
  /** Its time is too far ahead of our clock: it may be sent again later. */
  | Readonly<{ status: 'held' }>
  /** Nobody asked for it, and its chain has too little work or is too far ahead. */
  | Readonly<{ status: 'unwanted' }>
  /** No block at all: only for bytes that were not decoded before. */
  | Readonly<{ status: 'undecodable'; reason: string }>
  | Readonly<{ status: 'rejected'; rejection: Rejection }>;

export type BlockOptions = Readonly<{
  /** Whether we asked for it, or made it: others are kept only when their chain could win. */
  requested: boolean;
  /** Who sent it, for the quotas of the orphan pool and for the blame when it fails later. */
  source: string;
  /** The source has brought blocks of our chain before: its orphans are the last to make room for others. */
  isProven?: boolean;
  /** Forced to disk before the verdict is given. */
  durable?: boolean;
}>;
