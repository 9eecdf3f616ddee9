import '../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Connection, MessageStream } from '@libp2p/interface';
import { Prober } from '../../src/network/prober.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';

test('a frame of four gigabytes where an address is looked at: it is not waited for', async () => {
  const stop = new AbortController();
  const prober = await Prober.open('regtest', stop.signal);
  const stranger = await BareNode.open('regtest', regtest.genesis.header.hash);
  let sent = 0;
  const flooded = once(stranger.host, 'connection:open').then(async ([{ detail }]) => {
    const connection = detail as Connection & { muxer: { maConn: MessageStream } };
    const { maConn } = connection.muxer;
    maConn.send(Buffer.from([0, 0, 0, 0, 0, 0, 3, 0, 255, 255, 255, 0]));
    const megabyte = Buffer.alloc(1_000_000);
    for (; connection.status === 'open' && sent < 100; sent++) {
      // What is on the way is no more than what a socket holds.
      if (!maConn.send(megabyte)) await Promise.race([once(maConn, 'drain'), once(maConn, 'close')]);
    }
  });
  try {
    await assert.rejects(prober.reach(stranger.address));
    await flooded;
    assert.ok(sent < 100, `${sent} MB`);
  } finally {
    await stranger.close();
    await prober.close();
  }
});
