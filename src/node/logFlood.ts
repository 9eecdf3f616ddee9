/** What takes a line: the logger's own method, with its arguments bound. */
type Write = () => void;
/** Tells how many were left out. */
type Tell = (count: number) => void;

type Place = { beganMs: number; told: number; untold: number; tell: Tell };

export type FloodLimits = Readonly<{
  /** Lines of one place in a window that are told. */
  lines: number;
  windowMs: number;
}>;

export const FLOOD_LIMITS: FloodLimits = { lines: 60, windowMs: 60_000 };
/** Who asks for details gets many of them. */
export const DETAIL_FLOOD_LIMITS: FloodLimits = { lines: 1000, windowMs: 60_000 };
/** Places remembered at once; beyond, the oldest is forgotten. */
const MAX_PLACES = 500;

/**
 * Keeps a log readable, and cheap, while something happens again and again: of each place in the code only so many lines
 * are told in a window of time, and at its end how many more there were.
 */
export class LogFlood {
  readonly #places = new Map<string, Place>();
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Writes the line, or counts it. @param tell gets the count when the window has ended */
  take(name: string, limits: FloodLimits, write: Write, tell: Tell): void {
    const place = this.#find(name, limits, tell);
    if (place.told < limits.lines) {
      place.told++;
      write();
      return;
    }
    place.untold++;
    this.#timer ??= setTimeout(() => this.#expire(limits.windowMs), limits.windowMs).unref();
  }

  /** Tells now what was left out. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const place of this.#places.values()) tellUntold(place);
    this.#places.clear();
  }

  #find(name: string, { windowMs }: FloodLimits, tell: Tell): Place {
    const now = this.#nowMs();
    const known = this.#places.get(name);
    if (known !== undefined && now - known.beganMs < windowMs) return known;
    if (known !== undefined) tellUntold(known);
    const place = { beganMs: now, told: 0, untold: 0, tell };
    // Behind the others: the map is in the order of beginning.
    this.#places.delete(name);
    this.#places.set(name, place);
    if (this.#places.size > MAX_PLACES) {
      const [oldest, forgotten] = this.#places.entries().next().value!;
      tellUntold(forgotten);
      this.#places.delete(oldest);
    }
    return place;
  }

  #expire(windowMs: number): void {
    this.#timer = undefined;
    const now = this.#nowMs();
    let isWaiting = false;
    for (const [name, place] of this.#places) {
      if (now - place.beganMs < windowMs) {
        isWaiting ||= place.untold > 0;
        continue;
      }
      tellUntold(place);
      this.#places.delete(name);
    }
    if (isWaiting) this.#timer = setTimeout(() => this.#expire(windowMs), windowMs).unref();
  }
}

function tellUntold(place: Place): void {
  if (place.untold > 0) place.tell(place.untold);
  place.untold = 0;
}

/** One name for all lines that a place in the code writes: what differs between them is numbers and ids. */
export function placeOf(subsystem: string, level: number, message: string): string {
  return `${subsystem} ${level} ${message.replace(/[0-9a-f]{8,}|\d+(\.\d+)?/g, '#').slice(0, 120)}`;
}
