import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noise } from '@chainsafe/libp2p-noise';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import { PeerStoreSweep } from '../../../src/network/peerStoreSweep.ts';
import { until } from '../../support/networkNodes.ts';

const open = (listen: string[]) =>
  createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });

test('libp2p forgets the peers that are gone, and keeps those that are there', async () => {
  const hosts: Libp2p[] = [];
  try {
    const host = await open(['/ip4/127.0.0.1/tcp/0']);
    hosts.push(host);
    const stays = await open([]);
    hosts.push(stays);
    const address = multiaddr(host.getMultiaddrs()[0]!.toString());
    await stays.dial(address);
    const isStored = async (peer: Libp2p) =>
      (await host.peerStore.all()).some(
        ({ id, protocols }) => id.equals(peer.peerId) && protocols.length > 0,
      );
    await until('it is known', () => isStored(stays));
    for (let i = 0; i < 3; i++) {
      const visitor = await open([]);
      hosts.push(visitor);
      await visitor.dial(address);
      await until('it is known', () => isStored(visitor));
      await visitor.stop();
    }
    await until('the visitors are gone', () => host.getPeers().length === 1);
    const sweep = new PeerStoreSweep(host);
    await sweep.sweep();
    assert.equal((await host.peerStore.all()).length, 4, 'who has just left may come back');
    await sweep.sweep();
    assert.deepEqual(
      (await host.peerStore.all()).map(({ id }) => id.toString()),
      [stays.peerId.toString()],
    );
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
  }
});
