import { isVerified, type KnownAddress } from './knownAddress.ts';

/** Others are told the same for so long, out of so many. */
const DRAW_SEC = 60;
/** What is new is told at once, since newcomers wait for it; of more than so many, where a draw takes milliseconds, a second later. */
const FEW = 1000;
const RENEW_SEC = 1;
const MAX_DRAWN = 1000;
/** An hour up counts as one more ticket, up to a day. */
const MAX_TICKETS = 24;

/** Draws the addresses that others are told, of all that we have reached: the same for a minute, and at no cost for each who asks. */
export class AddressDraw {
  #atSec = 0;
  #isStale = true;
  #drawn: readonly KnownAddress[] = [];

  /** There is one more to tell of, or one less. */
  renew(): void {
    this.#isStale = true;
  }

  drawn(all: ReadonlyMap<string, KnownAddress>, nowSec: number): readonly KnownAddress[] {
    const renewSec = all.size <= FEW ? 0 : RENEW_SEC;
    // A clock set back must not keep the draw for years.
    if (Math.abs(nowSec - this.#atSec) < (this.#isStale ? renewSec : DRAW_SEC)) return this.#drawn;
    const keyed: { known: KnownAddress; key: number }[] = [];
    for (const known of all.values()) {
      if (!isVerified(known, nowSec)) continue;
      const tickets = 1 + Math.min(MAX_TICKETS, Math.max(0, known.succeededSec - known.upSinceSec) / 3600);
      // A draw without putting back in which each has its tickets (Efraimidis and Spirakis 2006).
      keyed.push({ known, key: Math.random() ** (1 / tickets) });
    }
    const drawn = keyed.sort((a, b) => b.key - a.key).slice(0, MAX_DRAWN);
    this.#atSec = nowSec;
    this.#isStale = false;
    this.#drawn = drawn.map(({ known }) => known);
    return this.#drawn;
  }
}
