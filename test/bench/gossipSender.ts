// node gossipSender.js ADDRESS FILE WARM: joins a regtest node as a peer and gossips the payments in a file, as fast as it takes
// them: first so many of them, and after a while the others.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { regtest } from '../../src/params/regtest.ts';
import { BareNode } from '../support/bareNode.ts';
import { until } from '../support/nodeProcess.ts';

const [address = '', file = '', warm = '0'] = process.argv.slice(2);
/** Published before the event loop has its turn again. */
const AT_ONCE = 64;
/** So long a peer needs to be allowed the next 20,000 at once. */
const WARM_MS = 5000;

const node = await BareNode.open('regtest', regtest.genesis.header.hash);
const connection = await node.join(address);
await until('gossip', () => node.hasGossipWith(connection.remotePeer.toString()));
const payments = readPayments(readFileSync(file));
await send(payments.slice(0, Number(warm)));
await sleep(WARM_MS);
await send(payments.slice(Number(warm)));
// Ended by the one who started it, when all has arrived.

async function send(messages: readonly Buffer[]): Promise<void> {
  for (let at = 0; at < messages.length; at += AT_ONCE) {
    const batch = messages.slice(at, at + AT_ONCE);
    await Promise.all(batch.map((payment) => node.publish('transactions/1', payment)));
  }
}

function readPayments(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}
