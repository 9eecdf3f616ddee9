import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiaddr } from '@multiformats/multiaddr';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { chainOfBlocks, makeKeys } from '../support/blocks.ts';
import { feed, TestNodes, until } from '../support/networkNodes.ts';

const GENESIS = regtest.genesis.header.hash;
/** The watchdog lets a connection settle for 15 s and looks twice, every 10 s or so. */
const MENDED_MS = 150_000;

test('a gossip stream that died on a living connection, and twin connections, are mended', () =>
  TestNodes.with(async (nodes) => {
    const guest = await BareNode.open('regtest', GENESIS);
    const twin = await BareNode.open('regtest', GENESIS);
    try {
      const node = await nodes.open({ seeds: [guest.address] });
      const twins = () => twin.host.getConnections();
      await until('the node has dialled', () => guest.hasGossipWith(node.network.peerId));
      await twin.join(node.address);
      await twin.host.dial(multiaddr(node.address), { force: true });
      await until('two connections', () => twins().length === 2);

      const [before] = guest.host.getConnections();
      // What gossipsub opened towards the guest ends there; the connection lives on.
      for (const stream of before!.streams) {
        if (stream.protocol.startsWith('/meshsub/') && stream.direction === 'inbound') {
          stream.abort(new Error('gossip dies'));
        }
      }
      assert.equal(before!.status, 'open');
      await until(
        'the node dials the guest anew',
        () => guest.host.getConnections()[0]?.id !== before!.id && guest.hasGossipWith(node.network.peerId),
        MENDED_MS,
      );
      await until('the twins are gone', () => twins().length <= 1, MENDED_MS);

      const [block] = chainOfBlocks(regtest.genesis, 0, 1, makeKeys().lockingScript);
      await feed(node, [block!]);
      await until('gossip flows again', () => guest.heard.some(({ data }) => data.equals(block!.bytes)));
    } finally {
      await Promise.all([guest.close(), twin.close()]);
    }
  }));
