import type { BlockVerdict } from '../chain/blockVerdict.ts';
import { costOf, verdictOf } from '../consensus/verdict.ts';
import type { TransactionVerdict } from '../mempool/transactionVerdict.ts';

/** What follows from a verdict for the message and for the one who sent it. */
export type GossipVerdict = Readonly<{
  /** Accept relays. Reject costs the sender, Ignore costs nobody. */
  result: 'accept' | 'ignore' | 'reject';
  /** Against the sender, on top of gossipsub's own score. */
  points: number;
  reason: string;
}>;

/** For a message that cannot be decoded or is too large: five are a ban. */
export const MALFORMED_POINTS = 20;
/** A transaction costs its sender less than a block: no work stands behind it, but a bug of a wallet may. */
const INVALID_TRANSACTION_POINTS = 20;

const ACCEPT: GossipVerdict = { result: 'accept', points: 0, reason: '' };
const ignore = (reason: string): GossipVerdict => ({ result: 'ignore', points: 0, reason });

/**
 * Relays a block that became part of the chain. Rejected is only what no tip could make valid: what depends on tip, clock
 * or our own policy, honest nodes send too.
 */
export function gossipVerdictOfBlock(verdict: BlockVerdict): GossipVerdict {
  switch (verdict.status) {
    case 'connected':
      return ACCEPT;
    case 'stored':
    case 'known':
    case 'orphan':
    case 'held':
    case 'unwanted':
      return ignore(verdict.status);
    case 'undecodable':
      return { result: 'reject', points: MALFORMED_POINTS, reason: verdict.reason };
    case 'rejected': {
      const cost = costOf(verdict.rejection);
      const { code } = verdict.rejection;
      return cost > 0 ? { result: 'reject', points: cost, reason: code } : ignore(code);
    }
  }
}

export function gossipVerdictOfTransaction(verdict: TransactionVerdict): GossipVerdict {
  switch (verdict.status) {
    case 'accepted':
      return ACCEPT;
    case 'known':
    case 'orphan':
      return ignore(verdict.status);
    case 'policy':
      return ignore(verdict.reason);
    case 'rejected': {
      const { code } = verdict.rejection;
      const { isFinal } = verdictOf(code);
      return isFinal ? { result: 'reject', points: INVALID_TRANSACTION_POINTS, reason: code } : ignore(code);
    }
  }
}
