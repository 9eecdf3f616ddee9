import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeStatus, type NodeStatus } from '../../../src/cli/describeStatus.ts';
import { Terminal } from '../../../src/cli/terminal.ts';

const status: NodeStatus = {
  network: 'regtest',
  state: 'running',
  height: 12_345,
  headers: 12_345,
  bestPeerHeight: 12_345,
  tip: `cafe${'00'.repeat(28)}beef`,
  tipTimeSec: Math.floor(Date.now() / 1000),
  blockBytes: 1_000_000,
  pruned: false,
  peers: 1,
  inbound: 1,
  outbound: 0,
  mempool: 3,
  mempoolBytes: 633,
  mining: false,
  miner: { threads: 0, hashesPerSecond: 0, blocksFound: 0, kernel: 'simd' },
  peerId: '12D3KooWGRWFGSkaMdpZuYvkn6tBpmoFRXHfHcZWcAUUPB5mZgfR',
  addresses: ['/ip4/127.0.0.1/tcp/1'],
  dataDir: '/tmp/x',
  uptimeSec: 100,
  version: '1.2.3',
  engine: 'native',
  warnings: [],
};

class NarrowTerminal extends Terminal {
  override readonly isInteractive = true;

  override get columns(): number {
    return 30;
  }

  override get rows(): number {
    return 50;
  }
}

it('tells the tip on the narrowest terminal, within its columns', () => {
  const lines = describeStatus(status, new NarrowTerminal(false, { NO_COLOR: '1' }));
  assert.ok(
    lines.some((line) => /^tip +cafe.*beef,/.test(line)),
    lines.join('\n'),
  );
  for (const line of lines) assert.ok(line.length <= 30, line);
});
