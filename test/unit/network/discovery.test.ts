import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import { AddressTable } from '../../../src/network/addressTable.ts';
import { BanList } from '../../../src/network/banList.ts';
import { Discovery } from '../../../src/network/discovery.ts';
import { withFolder } from '../../support/chains.ts';
import { until } from '../../support/networkNodes.ts';

const IDS = [
  '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
  '12D3KooWA4AunDh13JUcwEhniGNbLTfDXC2f7eHq89ZSWyG4sGZt',
  '12D3KooWKUhEmP8LgjinUnht5fv3u4wFP8yu9jky1U97uTW3cKUn',
] as const;
const address = (host: string, id: string) => `/ip4/${host}/tcp/8888/p2p/${id}`;

test('libp2p is told of the peers that will be dialled, and of no others', () =>
  withFolder(async (folder) => {
    const table = await AddressTable.open(folder);
    const bans = await BanList.open(folder);
    const discovery = new Discovery({ table, bans, ownPeerId: IDS[2], onAnnounced: () => undefined });
    const host = await createLibp2p({ start: false, transports: [tcp()], peerDiscovery: [() => discovery] });
    const found: string[] = [];
    host.addEventListener('peer:discovery', ({ detail }) => found.push(detail.id.toString()));
    const nowSec = Math.floor(Date.now() / 1000);
    for (const [i, id] of IDS.entries()) table.hear(address(`203.${i}.113.1`, id), '198.51.100.1', nowSec);
    bans.add('203.1.113.1', 60, 'test');
    const options = { max: 8, isLonely: true, outbound: [], isExcluded: () => false };
    // Neither itself nor the banned address.
    assert.deepEqual(
      discovery.pick(options).map(({ peerId }) => peerId),
      [IDS[0]],
    );
    await until('libp2p has heard of it', () => found.length > 0);
    assert.deepEqual(found, [IDS[0]]);
    assert.deepEqual(discovery.pick({ ...options, isExcluded: (peerId) => peerId === IDS[0] }), []);
    // One operator may hold a whole group.
    assert.deepEqual(discovery.pick({ ...options, outbound: ['/ip4/203.0.1.1/tcp/1'], max: 4 }), []);
    await bans.close();
  }));
