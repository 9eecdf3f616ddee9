import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { DialTarget } from '../../../src/network/dialTarget.ts';
import { DialTargets } from '../../../src/network/dialTargets.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const ID = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
const log = pino({ level: 'silent' });

test('a seed that did not answer rests for a second, then twice as long each time, whatever the clock does', () => {
  const target = new DialTarget('203.0.113.7:8888', false);
  assert.ok(target.isDue(NOW, false));
  target.failed(NOW);
  assert.ok(!target.isDue(NOW + 999, false));
  assert.ok(target.isDue(NOW + 1000, false));
  for (let i = 0; i < 20; i++) target.failed(NOW);
  assert.ok(!target.isDue(NOW + 59_999, false) && target.isDue(NOW + 60_000, false));
  assert.ok(!target.isDue(NOW + 5999, true) && target.isDue(NOW + 6000, true));
  // Set back by three hours: it is not to be forgotten until then.
  assert.ok(target.isDue(NOW - 3 * HOUR, false));
});

test('a peer that a person added is removed by any way to write its address', () => {
  const ways = ['203.0.113.7:8888', '/ip4/203.0.113.7/tcp/8888', `/ip4/203.0.113.7/tcp/8888/p2p/${ID}`];
  for (const added of ways) {
    for (const removed of ways) {
      const targets = new DialTargets(['203.0.113.7:1'], [added], log);
      assert.equal(targets.remove('203.0.113.7:1').length, 0, 'a seed is not added by hand');
      assert.equal(targets.remove(removed).length, 1, `${added} ${removed}`);
      assert.deepEqual(targets.kept, []);
      assert.equal(targets.size, 1);
    }
  }
});
