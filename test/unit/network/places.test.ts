import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Peer } from '../../../src/network/peer.ts';
import { Places } from '../../../src/network/places.ts';

/** As blocks/1 has. */
const PLACES = 16;
/** A server breaks an answer off after so long. */
const WHOLE_SEC = 120;
/** The places know of a peer who it is, and its address group. */
const peer = (group = 'town') => ({ group }) as Peer;

/** A peer that always asks, and reads what it gets at one pace. Its seconds of service are counted. */
class Reader {
  peer: Peer;
  readonly #places: Places;
  readonly #bytesPerSec: number;
  #end: (() => void) | undefined;
  #sinceMs = 0;
  servedSec = 0;

  constructor(places: Places, who: Peer, bytesPerSec: number) {
    this.#places = places;
    this.peer = who;
    this.#bytesPerSec = bytesPerSec;
  }

  get isServed(): boolean {
    return this.#end !== undefined;
  }

  ask(nowMs: number): boolean {
    if (this.#end !== undefined) return true;
    const end = () => {
      this.#end = undefined;
    };
    if (!this.#places.enter(this.peer, end, nowMs)) return false;
    this.#end = end;
    this.#sinceMs = nowMs;
    return true;
  }

  read(nowMs: number): void {
    if (this.#end === undefined) return;
    this.servedSec++;
    this.#places.taken(this.#end, this.#bytesPerSec);
    if (nowMs - this.#sinceMs >= WHOLE_SEC * 1000) this.leave(nowMs);
  }

  leave(nowMs: number): void {
    if (this.#end === undefined) return;
    this.#places.leave(this.#end, nowMs);
    this.#end = undefined;
  }
}

/**
 * Ten minutes of a crowd that asks again at once, ten times for each time that anybody else asks. Every ten seconds a newcomer
 * comes and asks once a second. Returns how many seconds each of them waited.
 */
function waits(crowd: number, bytesPerSec: number, options: { group?: string; isAlwaysNew?: boolean } = {}) {
  const places = new Places(PLACES);
  const readers = Array.from({ length: crowd }, () => new Reader(places, peer(), bytesPerSec));
  const newcomers: { sinceSec: number; reader: Reader; waitedSec: number | undefined }[] = [];
  for (let sec = 0; sec < 600; sec++) {
    for (let tenth = 0; tenth < 10; tenth++)
      for (const reader of readers) {
        if (options.isAlwaysNew && !reader.isServed) reader.peer = peer();
        reader.ask(sec * 1000 + 100 * tenth);
      }
    const nowMs = sec * 1000 + 999;
    for (const newcomer of newcomers) newcomer.reader.leave(nowMs);
    if (sec % 10 === 5)
      newcomers.push({
        sinceSec: sec,
        reader: new Reader(places, peer(options.group), 1e6),
        waitedSec: undefined,
      });
    for (const newcomer of newcomers)
      if (newcomer.waitedSec === undefined && newcomer.reader.ask(nowMs))
        newcomer.waitedSec = sec - newcomer.sinceSec;
    for (const reader of readers) reader.read(nowMs);
  }
  return newcomers.map(({ waitedSec }) => waitedSec ?? Number.POSITIVE_INFINITY);
}

test('sixteen who read at 50 kB/s and have all places keep nobody out for more than a turn', () => {
  const waited = waits(PLACES, 50_000);
  assert.ok(Math.max(...waited) <= 30, `${waited}`);
});

for (const crowd of [60, 92])
  test(`neither do ${crowd} of them who ask again at once, when each has had its turn`, () => {
    const waited = waits(crowd, 50_000);
    const turnsSec = Math.ceil(crowd / PLACES) * 26;
    assert.ok(Math.max(...waited) <= turnsSec, `${waited}`);
    const later = waited.slice(Math.ceil(turnsSec / 10));
    assert.ok(Math.max(...later) <= 1, `${later}`);
  });

test('nor do those who come each time as somebody else, from where the newcomer is not', () => {
  const waited = waits(60, 50_000, { group: 'village', isAlwaysNew: true });
  assert.ok(Math.max(...waited) <= 5, `${waited}`);
});

test('one on a slow line takes turns with such a crowd', () => {
  const places = new Places(PLACES);
  const slow = new Reader(places, peer(), 100_000);
  const crowd = Array.from({ length: 60 }, () => new Reader(places, peer(), 100_000));
  for (let sec = 0; sec < 1200; sec++) {
    for (const reader of [...crowd, slow]) reader.ask(sec * 1000);
    for (const reader of [...crowd, slow]) reader.read(sec * 1000 + 999);
  }
  // The last to ask every time, and its share of the places is 315 s.
  assert.ok(slow.servedSec > 200, `${slow.servedSec} s`);
});

test('readers on slow lines are left alone while nobody else asks, and while those who do owe as much', () => {
  const places = new Places(PLACES);
  const broken: number[] = [];
  const readers = Array.from({ length: PLACES }, () => peer());
  readers.forEach((reader, i) => {
    const end = () => broken.push(i);
    assert.ok(places.enter(reader, end, 0));
    places.taken(end, 6_000_000 - i);
  });
  // It has had a minute of a place, so has each of them.
  assert.ok(!places.enter(readers[3]!, () => undefined, 60_000));
  assert.deepEqual(broken, []);
  assert.ok(places.enter(peer(), () => undefined, 60_000));
  assert.deepEqual(broken, [PLACES - 1]);
});

test('who was made to give way does not come back at once in the place of another', () => {
  const places = new Places(PLACES);
  const readers = Array.from({ length: PLACES }, () => new Reader(places, peer(), 50_000));
  for (const reader of readers) reader.ask(0);
  for (let sec = 1; sec <= 30; sec++) for (const reader of readers) reader.read(1000 * sec);
  assert.ok(places.enter(peer(), () => undefined, 30_000));
  const [victim] = readers.filter(({ isServed }) => !isServed);
  assert.ok(!victim!.ask(30_000));
  assert.ok(!victim!.ask(32_000));
});
