import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bitsOf, unexpectedVersions, unknownRules } from '../../../src/consensus/unknownRules.ts';
import { headerChain, networkWith } from '../../support/consensusCases.ts';

const TOP = 0x20000000;
/** Bit 0 is known: it may be signalled from the second window on. */
const params = networkWith({
  deployments: [{ name: 'bip54', bit: 0, startTimeSec: 0, timeoutSec: 9999, windowBlocks: 10, threshold: 8 }],
  unknownSignalling: { windowBlocks: 10, threshold: 8 },
});

/** A chain of whole windows, of which so many blocks have this version and the others signal nothing. */
function windows(...list: (readonly [blocks: number, version: number])[]) {
  return headerChain(
    list.flatMap(([blocks, version]) =>
      Array.from({ length: 10 }, (_, i) => ({ timeSec: 1000, bits: 0, version: i < blocks ? version : TOP })),
    ),
  );
}

/** Versions on top of a genesis block. */
function chainOf(versions: readonly number[]) {
  return headerChain([TOP, ...versions].map((version) => ({ timeSec: 1000, bits: 0, version })));
}

describe('unknownRules', () => {
  const rules = (...list: (readonly [number, number])[]) => {
    const { active, lockedIn } = unknownRules(windows(...list), params);
    return { active: bitsOf(active), lockedIn: bitsOf(lockedIn) };
  };
  const nothing = { active: [], lockedIn: [] };

  test('lock in at the threshold of a window and are active one window later, for ever', () => {
    const unknown = TOP | (1 << 5);
    assert.deepEqual(rules([10, unknown]), nothing, 'the first window decides nothing');
    assert.deepEqual(rules([0, TOP], [7, unknown]), nothing);
    assert.deepEqual(rules([0, TOP], [8, unknown]), { active: [], lockedIn: [5] });
    assert.deepEqual(rules([0, TOP], [8, unknown], [0, TOP]), { active: [5], lockedIn: [] });
    assert.deepEqual(rules([0, TOP], [8, unknown], [9, unknown], [0, TOP]), { active: [5], lockedIn: [] });
  });

  test('are found bit by bit, in all 29 of them, and only where they are signals', () => {
    assert.deepEqual(rules([0, TOP], [8, TOP | (1 << 28) | (1 << 1)]), { active: [], lockedIn: [1, 28] });
    assert.deepEqual(rules([0, TOP], [10, 0x40000020]), nothing);
    assert.deepEqual(rules([0, TOP], [10, 0x00000020]), nothing);
  });

  test('are not those of a known soft fork while its bit means just that', () => {
    assert.deepEqual(rules([0, TOP], [10, TOP | 1]), nothing);
    // Active by now: whoever signals the bit means something else with it.
    assert.deepEqual(rules([0, TOP], [10, TOP | 1], [0, TOP], [8, TOP | 1]), { active: [], lockedIn: [0] });
  });

  test('are the same when asked for on the way and at the end', () => {
    const tip = windows([0, TOP], [8, TOP | 4], [0, TOP], [9, TOP | 8]);
    const fresh = { ...params };
    unknownRules(tip.parent!.parent!, params);
    assert.deepEqual(unknownRules(tip, params), unknownRules(tip, fresh));
  });
});

describe('unexpectedVersions', () => {
  const count = (versions: readonly number[]) => unexpectedVersions(chainOf(versions), params);

  test('looks at the last 100 blocks, or at all that there are', () => {
    assert.deepEqual(count([]), { count: 0, of: 0 });
    assert.deepEqual(count([TOP, TOP | 2, 4, 5]), { count: 2, of: 4 });
    assert.deepEqual(count([TOP | 2, ...new Array<number>(100).fill(TOP)]), { count: 0, of: 100 });
    assert.deepEqual(count([TOP, ...new Array<number>(100).fill(0x40000000)]), { count: 100, of: 100 });
  });

  test('a known soft fork that is under way is expected', () => {
    const versions = new Array<number>(19).fill(TOP | 1);
    // The first window, the genesis block left out, is before its time.
    assert.deepEqual(count(versions), { count: 9, of: 19 });
  });

  test('miners that roll version bits (BIP320) raise neither', () => {
    const rolled = fc.integer({ min: 0, max: 0xffff }).map((bits) => TOP | (bits << 13));
    fc.assert(
      fc.property(fc.array(rolled, { minLength: 100, maxLength: 100 }), (versions) => {
        assert.equal(count(versions).count, 0);
      }),
    );
    // Each bit in every other block, as a search through all of them gives: 5 of 10.
    const tip = chainOf(Array.from({ length: 99 }, (_, i) => TOP | ((i % 2 === 0 ? 0xaaaa : 0x5555) << 13)));
    assert.deepEqual(unknownRules(tip, params), { active: 0, lockedIn: 0 });
  });
});
