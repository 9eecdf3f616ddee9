import '../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noise } from '@chainsafe/libp2p-noise';
import { publicKeyToProtobuf } from '@libp2p/crypto/keys';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { boundedIdentify } from '../../src/network/identifyAnswers.ts';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { until } from '../support/networkNodes.ts';
import { field, prefixed } from '../support/wire.ts';

test('of four thousand addresses, and as many protocols, that a peer claims a few are kept', async () => {
  const stranger = await BareNode.open('regtest', regtest.genesis.header.hash);
  const host = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: boundedIdentify() },
  });
  try {
    const claims = Array.from({ length: 10 }, (_, i) => {
      const addresses = Array.from({ length: 400 }, (_, j) => field(2, addressBytes(i, j)));
      const protocols = Array.from({ length: 400 }, (_, j) => field(3, `/${i}/${j}`));
      return prefixed(
        Buffer.concat([...addresses, ...protocols, ...(i === 0 ? [field(1, keyOf(stranger))] : [])]),
      );
    });
    await stranger.host.handle(
      '/ipfs/id/1.0.0',
      async (stream) => {
        stream.send(Buffer.concat(claims));
        await stream.close();
      },
      { force: true },
    );
    const identified = new Promise((resolve) => host.addEventListener('peer:identify', resolve));
    await host.dial(multiaddr(stranger.address));
    await identified;
    await until('it is stored', async () => (await kept()).protocols.length > 0);
    const { addresses, protocols } = await kept();
    assert.ok(addresses.length > 0 && addresses.length <= 20, `${addresses.length} addresses`);
    assert.ok(protocols.length <= 70, `${protocols.length} protocols`);
  } finally {
    await host.stop();
    await stranger.close();
  }

  function kept() {
    return host.peerStore.get(stranger.host.peerId);
  }
});

function addressBytes(i: number, j: number): Uint8Array {
  return multiaddr(`/ip4/10.${i}.${j >> 8}.${j & 255}/tcp/1000`).bytes;
}

function keyOf({ host }: BareNode): Uint8Array {
  return publicKeyToProtobuf(host.peerId.publicKey!);
}
