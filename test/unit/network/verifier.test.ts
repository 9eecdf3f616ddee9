import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { pino } from 'pino';
import { AddressTable } from '../../../src/network/addressTable.ts';
import { BanList } from '../../../src/network/banList.ts';
import type { Peer } from '../../../src/network/peer.ts';
import { Prober } from '../../../src/network/prober.ts';
import { Verifier } from '../../../src/network/verifier.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { BareNode } from '../../support/bareNode.ts';
import { withFolder } from '../../support/chains.ts';
import { until } from '../../support/networkNodes.ts';

const GENESIS = regtest.genesis.header.hash;
const nowSec = () => Math.floor(Date.now() / 1000);
const newId = async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString();

type Ground = { table: AddressTable; bans: BanList; verifier: Verifier };

/** A verifier that looks around twice a second, at one address each time. */
function withVerifier(run: (ground: Ground) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const stop = new AbortController();
    const table = await AddressTable.open(folder);
    const bans = await BanList.open(folder);
    const prober = await Prober.open('regtest', stop.signal);
    const verifier = new Verifier({
      table,
      bans,
      prober,
      // All that it is asked is whether there is anybody.
      peers: { introduced: () => [{} as Peer], reaches: () => true },
      pace: { everyMs: 500, batch: 1, staleSec: 3600 },
      signal: stop.signal,
      log: pino({ level: 'silent' }),
    });
    try {
      await run({ table, bans, verifier });
    } finally {
      stop.abort();
      await prober.close();
      await bans.close();
    }
  });
}

/** Whatever came of it: where all is slow, even somebody who is there may answer too late. */
function wasLookedAt(table: AddressTable, address: string): boolean {
  return (table.get(address)?.triedSec ?? 0) > 0;
}

/** Takes connections and never says a word. */
async function silentServer(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

test('of two addresses of one peer the false one does not pass for true by its connection at the other', () =>
  withVerifier(async ({ table, verifier }) => {
    const node = await BareNode.open('regtest', GENESIS);
    try {
      const wrong = node.address.replace(/tcp\/\d+/, 'tcp/1');
      for (const address of [node.address, wrong]) table.hear(address, '127.0.0.1', nowSec());
      for (const address of [node.address, wrong]) verifier.enqueue(address);
      await until('both were looked at', () => table.get(wrong)!.triedSec > 0);
      await until('the true one is known', () => table.kindOf(node.address) === 'tried');
      assert.equal(table.kindOf(wrong), 'new');
    } finally {
      await node.close();
    }
  }));

test('callers that announce addresses where nobody speaks do not keep it from looking around', () =>
  withVerifier(async ({ table, verifier }) => {
    const node = await BareNode.open('regtest', GENESIS);
    const { server, port } = await silentServer();
    const callers: string[] = [];
    for (let i = 0; i < 32; i++) callers.push(`/ip4/127.0.0.1/tcp/${port}/p2p/${await newId()}`);
    const announce = (address: string) => {
      table.hear(address, '127.0.0.1', nowSec());
      verifier.enqueue(address);
    };
    try {
      for (const caller of callers) announce(caller);
      verifier.start();
      table.hear(node.address, '198.51.100.1', nowSec());
      await until('the other one was looked at', () => {
        // They come again and again.
        for (const caller of callers) announce(caller);
        return wasLookedAt(table, node.address);
      });
    } finally {
      server.close();
      await node.close();
    }
  }));

test('one network that shows more and more of its own does not keep it from looking at others', () =>
  withVerifier(async ({ table, bans, verifier }) => {
    const node = await BareNode.open('regtest', GENESIS);
    try {
      const crowd = [];
      for (let i = 0; i < 300; i++) crowd.push(`/ip4/203.0.113.7/tcp/${1000 + i}/p2p/${await newId()}`);
      for (const address of crowd) table.succeed(address, nowSec() - 86_400);
      // Whom those left over would replace is not called: banned.
      bans.add('203.0.113.7', 60, 'test');
      table.hear(node.address, '198.51.100.1', nowSec());
      verifier.start();
      await until('the other one was looked at', () => wasLookedAt(table, node.address));
    } finally {
      await node.close();
    }
  }));
