// node gossipSender.js ADDRESS FILE: joins a regtest node as a peer and gossips the payments in a file, as fast as it takes them.
import { readFileSync } from 'node:fs';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { until } from '../support/nodeProcess.ts';

const [address = '', file = ''] = process.argv.slice(2);
/** Published before the event loop has its turn again. */
const AT_ONCE = 64;

const node = await BareNode.open('regtest', regtest.genesis.header.hash);
const connection = await node.join(address);
await until('gossip', () => node.hasGossipWith(connection.remotePeer.toString()));
for (const batch of batchesOf(readFileSync(file))) {
  await Promise.all(batch.map((payment) => node.publish('transactions/1', payment)));
}
// Ended by the one who started it, when all has arrived.

function* batchesOf(bytes: Buffer): Generator<Buffer[]> {
  let batch: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    batch.push(bytes.subarray(at + 4, end));
    at = end;
    if (batch.length === AT_ONCE || at === bytes.length) {
      yield batch;
      batch = [];
    }
  }
}
