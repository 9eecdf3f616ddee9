import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeStatus } from '../../../src/cli/describeStatus.ts';
import { headlineOf } from '../../../src/cli/headline.ts';
import { sparkline } from '../../../src/cli/sparkline.ts';
import { describeWatch } from '../../../src/cli/watch/describeWatch.ts';
import type { Snapshot } from '../../../src/cli/watch/watchData.ts';
import { WatchHistory } from '../../../src/cli/watch/watchHistory.ts';

const NOW_SEC = 2_000_000_000;

const status: NodeStatus = {
  network: 'regtest',
  state: 'running',
  height: 12_345,
  headers: 12_345,
  bestPeerHeight: 12_345,
  tip: 'ab'.repeat(32),
  tipTimeSec: NOW_SEC - 60,
  blockBytes: 1_000_000,
  pruned: false,
  peers: 1,
  inbound: 1,
  outbound: 0,
  mempool: 3,
  mempoolBytes: 633,
  mining: true,
  miner: { threads: 1, hashesPerSecond: 1e6, blocksFound: 2, kernel: 'simd', expectedSeconds: 300 },
  peerId: '12D3KooWGRWFGSkaMdpZuYvkn6tBpmoFRXHfHcZWcAUUPB5mZgfR',
  addresses: ['/ip4/127.0.0.1/tcp/1'],
  dataDir: '/tmp/x',
  uptimeSec: 100,
  version: '1.2.3',
  engine: 'native',
  warnings: [],
};

function snapshot(peers: number, changes: Partial<NodeStatus> = {}, atMs = 1000): Snapshot {
  return {
    atMs,
    status: { ...status, peers, ...changes },
    peers: Array.from({ length: peers }, (_, i) => ({
      peer_id: `peer${i}`,
      addr: i % 2 ? `[2001:db8::${i}]:8888` : `203.0.113.${i}:8888`,
      inbound: i % 2 === 1,
      synced_blocks: i === 0 ? -1 : 12_345,
      subver: 'evil\x1b[2J\u202e世',
      bytessent: atMs,
      bytesrecv: 2 * atMs,
      pingtime: 0.012,
      conntime: NOW_SEC - 100 - i,
    })),
    mempool: { size: 3, bytes: 633, usage: 1, maxmempool: 100, mempoolminfee: 0 },
    blocks: Array.from({ length: 10 }, (_, i) => ({
      height: 12_345 - i,
      hash: 'ab'.repeat(32),
      time: NOW_SEC - 60 * i,
      nTx: 2,
      size: 399,
    })),
    networkRates: [1, 2, 3],
  };
}

function drawn(
  found: Snapshot,
  size: { columns: number; rows: number },
  trouble?: string,
  history = new WatchHistory(),
) {
  history.add(found);
  const view = { snapshot: found, history, trouble, nowSec: NOW_SEC };
  return describeWatch(view, { ...size, hasUnicode: true }).map(({ text }) => text);
}

describe('the watch', () => {
  it('begins with whether it works, and has peers, blocks and graphs at 80 by 24', () => {
    const lines = drawn(snapshot(2), { columns: 80, rows: 24 });
    assert.equal(lines[0], 'Running: up to date at height 12,345, with 2 peers.');
    const text = lines.join('\n');
    assert.match(text, /^mempool {3}3 tx, 633 B +█$/m);
    assert.match(text, /^network {3}3 H\/s +▃▆█$/m);
    assert.match(text, /^mining {4}1\.00 MH\/s, every 5 min +█$/m);
    assert.match(text, /^12,344 {2}1 min {3}2 {2}399 B {2}abab/m);
    assert.match(text, /^out 203\.0\.113\.0:8888 +\? +12 ms +1 min +2\.0 kB +1\.0 kB {2}evil\?\[2J\?\?$/m);
    assert.match(text, /^in {2}\[2001:db8::1\]:8888 +12,345 /m);
    assert.match(lines.at(-1)!, /^IndieCoin 1\.2\.3 on regtest, up 1 min +\d\d:\d\d:\d\d {2}q ends$/);
  });

  it('never has more lines than rows, nor longer ones than columns, however small the terminal', () => {
    const warnings = ['word '.repeat(40).trim(), 'x'.repeat(200)];
    for (const peers of [0, 1, 50])
      for (let columns = 1; columns <= 130; columns += 3)
        for (let rows = 1; rows <= 60; rows += 2)
          for (const state of ['running', 'syncing', 'isolated', 'bootstrapping']) {
            const lines = drawn(
              snapshot(peers, { warnings, state }),
              { columns, rows },
              peers === 1 ? 'gone away' : undefined,
            );
            assert.ok(lines.length <= rows, `${columns}x${rows}: ${lines.length} lines`);
            for (const line of lines) assert.ok([...line].length <= columns, `${columns}x${rows}: ${line}`);
          }
  });

  it('leaves room for blocks when there are many peers, and for warnings', () => {
    const text = drawn(snapshot(50, { warnings: ['the disk is full'] }), { columns: 80, rows: 24 }).join(
      '\n',
    );
    assert.match(text, /^12,345 /m);
    assert.match(text, /^out 203/m);
    assert.match(text, /^the disk is full$/m);
  });

  it('says what keeps it from looking, and of what it still shows', () => {
    const lines = drawn(snapshot(1), { columns: 80, rows: 24 }, 'Waiting for the node: it is gone.');
    assert.equal(lines[0], 'Waiting for the node: it is gone.');
  });

  it('measures the traffic of the peers that stayed, and leaves a gap while nothing was heard', () => {
    const history = new WatchHistory();
    history.add(snapshot(2, {}, 1000));
    history.add(snapshot(3, {}, 3000));
    history.addGap();
    history.add(snapshot(3, {}, 5000));
    assert.deepEqual(history.received, [undefined, 4000, undefined, undefined]);
    assert.deepEqual(history.sent, [undefined, 2000, undefined, undefined]);
    assert.deepEqual(history.peers, [2, 3, undefined, 3]);
    for (let i = 0; i < 1000; i++) history.addGap();
    assert.equal(history.peers.length, 300);
  });
});

describe('the headline', () => {
  const text = (changes: Partial<NodeStatus>, perSecond?: number) =>
    headlineOf({ ...status, ...changes }, perSecond).text;

  it('answers for every state, and says what to do where something is to be done', () => {
    assert.equal(text({}), 'Running: up to date at height 12,345, with 1 peer.');
    assert.equal(
      text({ warnings: ['a'] }),
      'Running: up to date at height 12,345, with 1 peer; a warning is below.',
    );
    assert.match(text({ warnings: ['a', 'b'] }), /; 2 warnings are below\.$/);
    assert.equal(
      text({ state: 'syncing', headers: 24_690 }),
      'Behind: at height 12,345 of 24,690 (50 %), catching up by itself.',
    );
    assert.equal(
      text({ state: 'syncing', headers: 24_690 }, 1234.5),
      'Behind: at height 12,345 of 24,690 (50 %), catching up: 1,235/s, 10 s left.',
    );
    assert.equal(
      text({ state: 'evaluating' }),
      'Joining: asking 1 peer how far they are; own height 12,345.',
    );
    assert.match(text({ state: 'isolated' }), /^Alone: all peers are lost.*`indiecoin doctor`/);
    const alone = { state: 'bootstrapping', mining: false };
    assert.equal(text({ ...alone, uptimeSec: 29 }), 'Looking for peers, at height 12,345.');
    assert.match(
      text({ ...alone, uptimeSec: 30 }),
      /^Looking for peers, at height 12,345: no peer in 30 s\. `indiecoin doctor`/,
    );
    assert.match(text({ ...alone, mining: true }), /^Mining alone, at height 12,345: no peer in 2 min\./);
  });
});

it('a graph has the newest values, as high as the largest of them', () => {
  assert.equal(sparkline([9, 0, 4, 7], 3, true), '▁▅█');
  assert.equal(sparkline([0, 4, 7], 5, false), '_=#  ');
  assert.equal(sparkline([undefined, 0, 0], 3, true), ' ▁▁');
  assert.equal(sparkline([1], 0, true), '');
});
