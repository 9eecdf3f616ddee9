import type { Peer } from './peer.ts';

/** An answer may be given up for another one's sake when it has taken so long, and less than so much was taken of it. */
export const SLOW_MS = 5000;
export const SLOW_BYTES_PER_SEC = 32_000;
/** Who takes so much makes good use of its place: an answer of 8 MB has it for 8 s. It owes what it is longer there. */
export const WELL_USED_BYTES_PER_SEC = 1_000_000;
/** Who owes so much more than another gives way to it: the largest block takes as long on a line of 1 Mbit/s. */
export const TURN_MS = 25_000;
/** Half of a debt is forgotten after so long. Of 92 strangers who take turns at 16 places each owes three turns all the time. */
export const FORGOTTEN_HALF_MS = 300_000;
/** Debts that are remembered, the last ones: more than a node has peers. */
const MAX_DEBTS = 1000;

/** One request that is being answered. `end` breaks it off. */
type Exchange = { readonly peer: Peer; readonly sinceMs: number; readonly end: () => void; bytes: number };

/**
 * The requests of one protocol that are being answered, so many at a time. Where all places are taken the peers take turns: a
 * crowd that reads just fast enough to stay, and comes back at once, would keep everybody else out.
 */
export class Places {
  readonly #count: number;
  /** The eldest first. */
  readonly #exchanges = new Map<() => void, Exchange>();
  /** What those who left owe, and their address groups: an attacker has as many identities as it likes. */
  readonly #debts = new Map<Peer | string, { ms: number; atMs: number }>();

  constructor(count: number) {
    this.#count = count;
  }

  /** Whether there was a place, or one was made. */
  enter(peer: Peer, end: () => void, nowMs: number): boolean {
    if (this.#exchanges.size >= this.#count) {
      const other = this.#whoGivesWay(peer, nowMs);
      if (other === undefined) return false;
      this.leave(other.end, nowMs);
      other.end();
    }
    this.#exchanges.set(end, { peer, sinceMs: nowMs, end, bytes: 0 });
    return true;
  }

  leave(end: () => void, nowMs: number): void {
    const exchange = this.#exchanges.get(end);
    if (exchange === undefined) return;
    this.#exchanges.delete(end);
    const { peer } = exchange;
    for (const debtor of [peer, peer.group]) this.#charge(debtor, owedFor(exchange, nowMs), nowMs);
  }

  /** So many bytes of an answer have been taken. */
  taken(end: () => void, bytes: number): void {
    const exchange = this.#exchanges.get(end);
    if (exchange !== undefined) exchange.bytes += bytes;
  }

  /**
   * The slowest of those that hardly read and of those that a peer has beside another, for one that has none; otherwise of those
   * whose peer owes a turn the one that owes most. Others go on: an answer that is broken off half-way has cost its bytes for
   * nothing.
   */
  #whoGivesWay(newcomer: Peer, nowMs: number): Exchange | undefined {
    const exchanges = [...this.#exchanges.values()];
    const held = new Map<Peer, number>();
    for (const { peer } of exchanges) held.set(peer, (held.get(peer) ?? 0) + 1);
    const owesMore = this.#debtsBeside(newcomer, nowMs);
    const rate = ({ bytes, sinceMs }: Exchange) => (1000 * bytes) / (nowMs - sinceMs);
    const isHeldUp = (exchange: Exchange) => {
      const isOneOfSeveral = held.get(exchange.peer)! > 1 && !held.has(newcomer);
      return rate(exchange) < SLOW_BYTES_PER_SEC || (isOneOfSeveral && owesMore(exchange.peer) >= 0);
    };
    const [slowest] = exchanges
      .filter((exchange) => nowMs - exchange.sinceMs >= SLOW_MS && isHeldUp(exchange))
      .sort((a, b) => rate(a) - rate(b));
    if (slowest !== undefined) return slowest;
    const [longest] = exchanges
      .filter(({ peer }) => owesMore(peer) >= TURN_MS)
      .sort((a, b) => owedFor(b, nowMs) - owedFor(a, nowMs));
    return longest;
  }

  /** How much more than the newcomer a peer owes; of two address groups, how much more the one owes than the other. */
  #debtsBeside(newcomer: Peer, nowMs: number): (peer: Peer) => number {
    const debts = new Map<Peer | string, number>();
    const debtOf = (debtor: Peer | string) => debts.get(debtor) ?? this.#debtOf(debtor, nowMs);
    for (const exchange of this.#exchanges.values())
      for (const debtor of [exchange.peer, exchange.peer.group])
        debts.set(debtor, debtOf(debtor) + owedFor(exchange, nowMs));
    return (peer) =>
      peer.group === newcomer.group
        ? debtOf(peer) - debtOf(newcomer)
        : debtOf(peer.group) - debtOf(newcomer.group);
  }

  #debtOf(debtor: Peer | string, nowMs: number): number {
    const debt = this.#debts.get(debtor);
    return debt === undefined ? 0 : debt.ms * 2 ** ((debt.atMs - nowMs) / FORGOTTEN_HALF_MS);
  }

  #charge(debtor: Peer | string, ms: number, nowMs: number): void {
    const debt = this.#debtOf(debtor, nowMs) + ms;
    this.#debts.delete(debtor);
    this.#debts.set(debtor, { ms: debt, atMs: nowMs });
    if (this.#debts.size > MAX_DEBTS) this.#debts.delete(this.#debts.keys().next().value!);
  }
}

/** The time that an answer has held its place beyond what its bytes are worth. */
function owedFor({ sinceMs, bytes }: Exchange, nowMs: number): number {
  return Math.max(0, nowMs - sinceMs - (1000 * bytes) / WELL_USED_BYTES_PER_SEC);
}
