import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HeaderNode } from '../../../src/consensus/headerNode.ts';
import {
  countSignals,
  type DeploymentState,
  deploymentSince,
  deploymentState,
  doesSignal,
  signallingVersion,
} from '../../../src/consensus/versionBits.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { headerChain } from '../../support/consensusCases.ts';

const BITS = 0x207fffff;
const SIGNAL = 0x20000000 | (1 << 3);
const QUIET = 0x20000000;
const deployment = {
  name: 'test',
  bit: 3,
  startTimeSec: 1000,
  timeoutSec: 3000,
  windowBlocks: 10,
  threshold: 8,
};

/** A chain of whole windows: for each how many of its blocks signal, and the time of all of them. */
function windows(list: readonly (readonly [signals: number, timeSec: number])[]) {
  return headerChain(
    list.flatMap(([signals, timeSec]) =>
      Array.from({ length: 10 }, (_, i) => ({ timeSec, bits: BITS, version: i < signals ? SIGNAL : QUIET })),
    ),
  );
}

function* ancestry(from: HeaderNode): Generator<HeaderNode> {
  for (let node: HeaderNode | undefined = from; node; node = node.parent) yield node;
}

/** BIP9's state machine once more, from the first window to the one of this height. */
function plainState(list: readonly (readonly [signals: number, timeSec: number])[], height: number): string {
  let now = 'defined';
  for (const [signals, timeSec] of list.slice(0, Math.floor(height / 10))) {
    if (now === 'locked_in') now = 'active';
    else if (now === 'defined' && timeSec >= 1000) now = 'started';
    else if (now === 'started' && signals >= 8) now = 'locked_in';
    else if (now === 'started' && timeSec >= 3000) now = 'failed';
  }
  return now;
}

const state = (...list: (readonly [number, number])[]) => deploymentState(windows(list), deployment);

describe('deploymentState (BIP9)', () => {
  const cases: [what: string, expected: DeploymentState, windows: (readonly [number, number])[]][] = [
    // The median time at the end of a window decides; with equal times in it, that is their time from its sixth block on.
    ['before the start', 'defined', [[10, 999]]],
    ['at the start', 'started', [[10, 1000]]],
    [
      'signals before the start do not count',
      'started',
      [
        [10, 999],
        [0, 1000],
      ],
    ],
    [
      'one short of the threshold',
      'started',
      [
        [0, 1000],
        [7, 1001],
      ],
    ],
    [
      'at the threshold',
      'locked_in',
      [
        [0, 1000],
        [8, 1001],
      ],
    ],
    [
      'locked in whatever comes',
      'active',
      [
        [0, 1000],
        [8, 1001],
        [0, 1002],
      ],
    ],
    [
      'active for ever',
      'active',
      [
        [0, 1000],
        [8, 1001],
        [0, 5000],
        [0, 6000],
      ],
    ],
    [
      'one second before the timeout',
      'started',
      [
        [0, 1000],
        [7, 2999],
      ],
    ],
    [
      'at the timeout',
      'failed',
      [
        [0, 1000],
        [7, 3000],
      ],
    ],
    [
      'at the timeout with the threshold reached',
      'locked_in',
      [
        [0, 1000],
        [8, 3000],
      ],
    ],
    [
      'failed for ever',
      'failed',
      [
        [0, 1000],
        [0, 3000],
        [10, 3001],
      ],
    ],
  ];
  for (const [what, expected, list] of cases) {
    test(`${what}: ${expected}`, () => assert.equal(state(...list), expected));
  }

  test('holds since the first block of its first window', () => {
    const since = (...list: (readonly [number, number])[]) => deploymentSince(windows(list), deployment);
    assert.equal(since([10, 999]), 0);
    assert.equal(since([0, 999], [0, 1000]), 20);
    assert.equal(since([0, 1000], [7, 1001], [0, 1002]), 10);
    assert.equal(since([0, 1000], [8, 1001]), 20);
    assert.equal(since([0, 1000], [8, 1001], [0, 1002], [0, 1003], [0, 1004]), 30);
    assert.equal(deploymentSince(windows([[0, 1000]]).parent!, deployment), 0);
  });

  test('is what BIP9 says of any chain, whatever was asked before', () => {
    const window = fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 300 }));
    const list = fc.array(window, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(list, fc.array(fc.nat(), { maxLength: 20 }), (steps, questions) => {
        let timeSec = 900;
        const grown = steps.map(([signals, sec]) => {
          timeSec += sec * 3;
          return [signals, timeSec] as const;
        });
        const nodes = [...ancestry(windows(grown))];
        for (const question of questions) {
          const node = nodes[question % nodes.length]!;
          assert.equal(deploymentState(node, deployment), plainState(grown, node.height + 1));
        }
      }),
    );
  });

  test('is the same for all blocks of a window, and changes with its last one', () => {
    const whole = windows([
      [0, 1000],
      [8, 1001],
    ]);
    assert.equal(deploymentState(whole.parent!, deployment), 'started');
    assert.equal(deploymentState(whole, deployment), 'locked_in');
    assert.equal(deploymentState(headerChain([{ timeSec: 5000, bits: BITS }]), deployment), 'defined');
  });
});

test('a version signals only with 001 on top', () => {
  assert.ok(doesSignal(SIGNAL, 3));
  assert.ok(!doesSignal(SIGNAL, 4));
  for (const version of [1 << 3, 0x60000008, 0x00000008, -1, 0x40000008]) assert.ok(!doesSignal(version, 3));
  assert.ok(doesSignal(0x3fffffff, 28));
  assert.equal(countSignals(windows([[4, 1000]]), 10, 3), 4);
});

test('miners signal what is started or locked in, and nothing else', () => {
  const params = {
    ...regtest,
    deployments: [deployment, { ...deployment, name: 'late', bit: 5, startTimeSec: 9999 }],
  };
  const version = (...list: (readonly [number, number])[]) => signallingVersion(windows(list), params);
  assert.equal(version([0, 999]), 0x20000000);
  assert.equal(version([0, 1000]), 0x20000008);
  assert.equal(version([0, 1000], [8, 1001]), 0x20000008);
  assert.equal(version([0, 1000], [8, 1001], [0, 1002]), 0x20000000);
  assert.equal(signallingVersion(windows([[0, 1000]]), regtest), 0x20000000);
});
