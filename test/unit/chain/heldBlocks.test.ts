import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldBlocks } from '../../../src/chain/heldBlocks.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { after, makeKeys, solvedBlock } from '../../support/blocks.ts';

const NOW = 2_000_000_000;
const { lockingScript } = makeKeys();
const options = { requested: false, source: 'test' };

function blockAt(timeSec: number) {
  return solvedBlock({ parent: after(regtest.genesis), height: 1, lockingScript, header: { timeSec } });
}

test('blocks from the future come out when their time has come, the earliest first', () => {
  const held = new HeldBlocks();
  const [late, early] = [blockAt(NOW + 7202), blockAt(NOW + 7201)];
  held.add(late, options);
  held.add(early, options);
  assert.deepEqual(held.takeDue(NOW), []);
  assert.deepEqual(held.takeDue(NOW + 1), [{ block: early, options }]);
  assert.deepEqual(held.takeDue(NOW + 2), [{ block: late, options }]);
  assert.deepEqual(held.takeDue(NOW + 2), []);
});

test('only eight are held: one that comes again takes no second place, and the latest goes', () => {
  const held = new HeldBlocks();
  const latest = blockAt(NOW + 8000);
  held.add(latest, options);
  const flood = blockAt(NOW + 7300);
  for (let i = 0; i < 20; i++) held.add(flood, options);
  assert.deepEqual(
    held.takeDue(NOW + 1000).map(({ block }) => block),
    [flood, latest],
  );
  for (let i = 0; i < 10; i++) held.add(blockAt(NOW + 7300 + i), options);
  assert.equal(held.takeDue(NOW + 1000).length, 8);
});
