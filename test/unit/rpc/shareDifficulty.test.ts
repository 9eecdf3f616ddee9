import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adjustDifficulty,
  hashesOfDifficulty,
  targetOfDifficulty,
} from '../../../src/rpc/shareDifficulty.ts';

test('a difficulty of one is the easiest target of Bitcoin, and others are in proportion', () => {
  const one = 0xffffn << 208n;
  assert.equal(targetOfDifficulty(1), one);
  assert.equal(targetOfDifficulty(2), one / 2n);
  assert.equal(targetOfDifficulty(0.5), one * 2n);
  assert.equal(targetOfDifficulty(65536), one / 65536n);
  assert.equal(targetOfDifficulty(1e15), one / 10n ** 15n);
  // Easier than any hash.
  assert.equal(targetOfDifficulty(1e-12), 2n ** 256n - 1n);
  assert.equal(targetOfDifficulty(0), 2n ** 256n - 1n);
  // 2^32 and a little.
  assert.ok(Math.abs(hashesOfDifficulty(1) / 2 ** 32 - 1) < 0.0001);
});

test('the difficulty goes to where a share comes every ten seconds', () => {
  // Too few shares and too short a time to tell.
  assert.equal(adjustDifficulty(1, 19, 59), undefined);
  // Twenty in a second is two hundred times too many, but a step is at most sixteenfold.
  assert.equal(adjustDifficulty(1, 20, 1), 16);
  assert.equal(adjustDifficulty(1, 20, 0), 16);
  assert.equal(adjustDifficulty(1, 20, 100), 2);
  // Within a factor of one and a half it is chance.
  assert.equal(adjustDifficulty(1, 20, 134), undefined);
  assert.equal(adjustDifficulty(1, 8, 60), undefined);
  assert.equal(adjustDifficulty(1, 5, 60), undefined);
  assert.equal(adjustDifficulty(1, 3, 60), 0.5);
  assert.equal(adjustDifficulty(1, 0, 60), 1 / 16);
  assert.equal(adjustDifficulty(0.0002, 0, 60), 0.0001);
  assert.equal(adjustDifficulty(0.0001, 0, 60), undefined);
});

/** A machine of a steady speed, whose shares come by chance. */
test('a machine of any speed is soon at its pace', () => {
  for (const hashesPerSecond of [1e6, 1e9, 1e14]) {
    let difficulty = 0.01;
    let [shares, since] = [0, 0];
    for (let second = 0; second < 1200; second++) {
      shares += hashesPerSecond / hashesOfDifficulty(difficulty);
      const adjusted = adjustDifficulty(difficulty, Math.floor(shares), second + 1 - since);
      if (adjusted === undefined) continue;
      difficulty = adjusted;
      [shares, since] = [0, second + 1];
    }
    const everySec = hashesOfDifficulty(difficulty) / hashesPerSecond;
    assert.ok(everySec > 10 / 1.6 && everySec < 16, `${hashesPerSecond}: a share every ${everySec} s`);
  }
});
