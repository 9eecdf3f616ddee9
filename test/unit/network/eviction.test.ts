import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastUseful, type Seat } from '../../../src/network/eviction.ts';

const SALT = new Uint8Array(32).fill(7);

function seat(id: number, changes: Partial<Seat> = {}): Seat {
  return {
    id: `${id}`,
    group: `group ${id}`,
    pingMs: 1000 + id,
    lastBlockAtMs: 0,
    lastTransactionAtMs: 0,
    connectedAtMs: id,
    ...changes,
  };
}

const crowd = (length: number, changes: (id: number) => Partial<Seat> = () => ({})) =>
  Array.from({ length }, (_, id) => seat(id, changes(id)));

/** Everyone who goes when one after the other has to, in that order. */
function order(seats: readonly Seat[]): number[] {
  const gone: number[] = [];
  let left = [...seats];
  for (
    let victim = leastUseful(left, SALT);
    victim !== undefined && left.length > 40;
    victim = leastUseful(left, SALT)
  ) {
    gone.push(Number(victim.id));
    left = left.filter((one) => one !== victim);
  }
  return gone;
}

test('nobody is given up when nobody is there; of two, the younger', () => {
  assert.equal(leastUseful([], SALT), undefined);
  assert.equal(leastUseful(crowd(1), SALT)?.id, '0');
  assert.equal(leastUseful(crowd(2), SALT)?.id, '1');
});

test('the youngest of the largest group goes', () => {
  const seats = crowd(100, (id) =>
    id >= 40 && id < 60 ? { group: 'one network', connectedAtMs: 1000 + id } : {},
  );
  assert.equal(leastUseful(seats, SALT)?.id, '59');
});

test('merit protects: the quickest, new transactions, new blocks, the longest here', () => {
  // All of one group, so that only one of them is protected for it, and all are younger the higher their number.
  const one = { group: 'one' };
  const plain = crowd(200, () => one);
  assert.equal(leastUseful(plain, SALT)?.id, '199');
  const merits: Record<string, [changes: Partial<Seat>, protectedCount: number]> = {
    ping: [{ pingMs: 1 }, 8],
    transactions: [{ lastTransactionAtMs: 5 }, 4],
    blocks: [{ lastBlockAtMs: 5 }, 4],
  };
  for (const [what, [changes, count]] of Object.entries(merits)) {
    // The youngest have merit: as many as are protected stay, and the first one without goes.
    const seats = crowd(200, (id) => ({ ...one, ...(id >= 200 - count ? changes : {}) }));
    assert.equal(leastUseful(seats, SALT)?.id, `${199 - count}`, what);
    const more = crowd(200, (id) => ({ ...one, ...(id >= 200 - count - 1 ? changes : {}) }));
    assert.ok(Number(leastUseful(more, SALT)?.id) >= 199 - count, what);
  }
  // Half of those who have nothing else to show are here for the longest, and never go before the others.
  assert.ok(
    order(plain)
      .slice(0, 90)
      .every((id) => id >= 20),
  );
});

test('a flood of newcomers without merit never reaches those who have some', () => {
  const honest = crowd(60, (id) => ({
    pingMs: 10 + id,
    lastBlockAtMs: id < 8 ? 100 : 0,
    connectedAtMs: id,
  }));
  let seats: Seat[] = [
    ...honest,
    ...crowd(40).map((one, i) => ({ ...one, id: `flood ${i}`, connectedAtMs: 1000 + i })),
  ];
  for (let i = 0; i < 2000; i++) {
    const victim = leastUseful(seats, SALT)!;
    seats = seats.filter((one) => one !== victim);
    seats.push(
      seat(i, { id: `late ${i}`, group: `network ${i % 500}`, pingMs: 5000, connectedAtMs: 5000 + i }),
    );
  }
  const left = seats.filter(({ id }) => honest.some((one) => one.id === id)).length;
  assert.ok(left >= 50, `${left} of 60 are left`);
});

test('where there are few peers an eighth of them is protected for each merit', () => {
  const one = { group: 'one' };
  // 7: nobody but the older half. 8: the quickest one too.
  assert.equal(
    leastUseful(
      crowd(7, (id) => ({ ...one, pingMs: id === 6 ? 1 : 100 })),
      SALT,
    )?.id,
    '6',
  );
  assert.notEqual(
    leastUseful(
      crowd(8, (id) => ({ ...one, pingMs: id === 7 ? 1 : 100 })),
      SALT,
    )?.id,
    '7',
  );
});
