import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentlyTold } from '../../../src/network/recentlyTold.ts';

test('what was told is told again after one minute at the earliest, and after two at the latest', () => {
  for (let startMs = 100_000; startMs < 160_000; startMs += 7000) {
    const told = new RecentlyTold();
    assert.ok(told.note('first', 100_000));
    assert.ok(told.note('a', startMs));
    assert.ok(!told.note('a', startMs + 1));
    assert.ok(!told.note('a', startMs + 59_999));
  }
  const once = new RecentlyTold();
  assert.ok(once.note('a', 100_000));
  assert.ok(once.note('b', 160_000));
  assert.ok(once.note('c', 220_000));
  assert.ok(once.note('a', 220_001));
});
