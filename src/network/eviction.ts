import { sha256 } from '../bytes/sha256.ts';

/** What counts for and against an inbound peer when another wants its place. Times in milliseconds, 0 for never. */
export type Seat = Readonly<{
  id: string;
  /** Its address group. */
  group: string;
  /** The last round trip; undefined when none was measured. */
  pingMs: number | undefined;
  lastBlockAtMs: number;
  lastTransactionAtMs: number;
  connectedAtMs: number;
}>;

/** Bitcoin Core protects so many for each merit (`src/node/eviction.cpp`); where there are few peers, an eighth of them. */
const BY_GROUP = 4;
const BY_PING = 8;
const BY_TRANSACTIONS = 4;
const BY_BLOCKS = 4;
const SHARE = 8;

/**
 * The inbound peer that is given up for another, or undefined when all are worth keeping. An attacker who wants to push
 * honest peers out would have to be better than they are in each of these ways at once: some are protected for where they
 * are (by a secret, so that he cannot choose), for answering quickly, for new transactions, for new blocks, and half of the
 * others for having been here the longest. Of the rest the youngest of the largest address group goes.
 */
export function leastUseful(seats: readonly Seat[], salt: Uint8Array): Seat | undefined {
  const places = Math.floor(seats.length / SHARE);
  let left = protect(
    seats,
    Math.min(BY_GROUP, places),
    (seat) => -rank(seat.group, salt),
    ({ group }) => group,
  );
  left = protect(left, Math.min(BY_PING, places), ({ pingMs }) => -(pingMs ?? Number.MAX_SAFE_INTEGER));
  left = protect(left, Math.min(BY_TRANSACTIONS, places), ({ lastTransactionAtMs }) => lastTransactionAtMs);
  left = protect(left, Math.min(BY_BLOCKS, places), ({ lastBlockAtMs }) => lastBlockAtMs);
  left = protect(left, Math.floor(left.length / 2), ({ connectedAtMs }) => -connectedAtMs);
  return youngestOfLargestGroup(left);
}

/** Without the `count` that have the most merit; with `kindOf`, one of each kind only. */
function protect(
  seats: readonly Seat[],
  count: number,
  merit: (seat: Seat) => number,
  kindOf: (seat: Seat) => string = ({ id }) => id,
): Seat[] {
  const kept = new Map<string, Seat>();
  for (const seat of [...seats].sort((a, b) => merit(b) - merit(a))) {
    if (kept.size >= count) break;
    if (!kept.has(kindOf(seat))) kept.set(kindOf(seat), seat);
  }
  const isKept = new Set(kept.values());
  return seats.filter((seat) => !isKept.has(seat));
}

/** An order of the groups that a stranger cannot foresee. */
function rank(group: string, salt: Uint8Array): number {
  const digest = sha256(Buffer.concat([salt, Buffer.from(group, 'utf8')]));
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
}

function youngestOfLargestGroup(seats: readonly Seat[]): Seat | undefined {
  const sizes = groupSizes(seats);
  let found: Seat | undefined;
  for (const seat of seats) {
    if (found === undefined) found = seat;
    const isLarger = sizes.get(seat.group)! - sizes.get(found.group)!;
    if (isLarger > 0 || (isLarger === 0 && seat.connectedAtMs > found.connectedAtMs)) found = seat;
  }
  return found;
}

/** How many there are of each address group. */
export function groupSizes(seats: readonly Pick<Seat, 'group'>[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { group } of seats) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return sizes;
}
