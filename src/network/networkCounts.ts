import { blocksProtocol } from '../../protocols/blocks.ts';
import { headersProtocol } from '../../protocols/headers.ts';
import { mempoolProtocol } from '../../protocols/mempool.ts';
import { peersProtocol } from '../../protocols/peers.ts';
import { statusProtocol } from '../../protocols/status.ts';
import { blocksTopic, transactionsTopic } from '../../protocols/topics.ts';
import { transactionsProtocol } from '../../protocols/transactions.ts';

const TOPICS = [blocksTopic, transactionsTopic].map(({ name }) => name);
const PROTOCOLS = [
  statusProtocol,
  headersProtocol,
  blocksProtocol,
  transactionsProtocol,
  mempoolProtocol,
  peersProtocol,
].map(({ name }) => name);
const OTHER = 'other';

/**
 * How often what has happened to what. Both are words of this program, known before, and never a stranger's: there are few
 * of them. Each is there from the start, as a rate begins with the second number.
 */
export class Tally<Outcome extends string> {
  readonly #counts: ReadonlyMap<string, Map<Outcome, number>>;

  constructor(subjects: readonly string[], outcomes: readonly Outcome[]) {
    this.#counts = new Map(
      [...subjects, OTHER].map((subject) => [subject, new Map(outcomes.map((outcome) => [outcome, 0]))]),
    );
  }

  add(subject: string, outcome: Outcome): void {
    const counts = (this.#counts.get(subject) ?? this.#counts.get(OTHER))!;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }

  *entries(): Generator<[subject: string, outcome: Outcome, count: number]> {
    for (const [subject, counts] of this.#counts)
      for (const [outcome, count] of counts) yield [subject, outcome, count];
  }
}

/** What has happened since the start, for those who watch over the node. */
export class NetworkCounts {
  /** Gossiped messages, by topic. */
  readonly gossip = new Tally(TOPICS, ['accept', 'ignore', 'reject']);
  /** Requests of others, by protocol. */
  readonly requests = new Tally(PROTOCOLS, ['admitted', 'refused']);
  /** Faults of peers, by where they were found: the word before the colon of the reason. */
  readonly faults = new Tally(['block', 'gossip', ...TOPICS, ...PROTOCOLS], ['punished', 'banned']);
}

/** `blocks/1` of `blocks/1: malformed`. */
export function sourceOfFault(reason: string): string {
  return reason.split(':', 1)[0]!;
}
