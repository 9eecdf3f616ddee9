import { blocksProtocol } from '../../protocols/blocks.ts';
import { headersProtocol } from '../../protocols/headers.ts';
import { mempoolProtocol } from '../../protocols/mempool.ts';
import { peersProtocol } from '../../protocols/peers.ts';
import { statusProtocol } from '../../protocols/status.ts';
import { blocksTopic, transactionsTopic } from '../../protocols/topics.ts';
import { transactionsProtocol } from '../../protocols/transactions.ts';

/** How often what has happened to what. Both are words of this program, and never a stranger's: there are few of them. */
export class Tally<Outcome extends string = string> {
  readonly #counts = new Map<string, Map<Outcome, number>>();

  add(subject: string, outcome: Outcome): void {
    const counts = this.#counts.get(subject) ?? new Map<Outcome, number>();
    this.#counts.set(subject, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  }

  *entries(): Generator<[subject: string, outcome: Outcome, count: number]> {
    for (const [subject, counts] of this.#counts)
      for (const [outcome, count] of counts) yield [subject, outcome, count];
  }
}

/** What has happened since the start, for those who watch over the node. */
export class NetworkCounts {
  /** Gossiped messages, by topic. */
  readonly gossip = new Tally<'accept' | 'ignore' | 'reject'>();
  /** Requests of others, by protocol. */
  readonly requests = new Tally<'admitted' | 'refused'>();
  /** Faults of peers, by where they were found. */
  readonly faults = new Tally<'punished' | 'banned'>();
}

const SOURCES: readonly string[] = [
  'block',
  ...[blocksTopic, transactionsTopic].map(({ name }) => name),
  ...[
    statusProtocol,
    headersProtocol,
    blocksProtocol,
    transactionsProtocol,
    mempoolProtocol,
    peersProtocol,
  ].map(({ name }) => name),
];

/** Where a fault was found: the word before the colon of the reason, if it is one of those that there are. */
export function sourceOfFault(reason: string): string {
  const source = reason.split(':', 1)[0]!;
  return SOURCES.includes(source) ? source : 'other';
}
