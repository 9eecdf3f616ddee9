import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { bytesToHex } from '../../src/bytes/hex.ts';
import type { NodeProcess } from '../support/nodeProcess.ts';
import type { PaymentWorkload } from './mempoolWorkload.ts';

/** Connections that call at the same time, one call after the other. */
const CONNECTIONS = 16;
const BATCHES = [1, 100];

/** Payments a second by RPC, beside a method that does not exist, which gets the same bytes. */
export async function measureRpc(workload: PaymentWorkload): Promise<void> {
  const hexes = workload.payments.map(({ bytes }) => bytesToHex(bytes));
  for (const batch of BATCHES) {
    const node = await workload.startNode();
    try {
      const nothing = await rateOf(node, 'nosuchmethod', hexes, batch);
      const sent = await rateOf(node, 'sendrawtransaction', hexes, batch);
      const { size } = await node.rpc<{ size: number }>('getmempoolinfo');
      if (size !== hexes.length) console.log(`only ${size} of ${hexes.length} are in the mempool`);
      const calls = batch === 1 ? 'one by one' : `in batches of ${batch}`;
      console.log(`by RPC, ${calls}: nothing done ${shown(nothing)}`);
      console.log(`by RPC, ${calls}: into the mempool ${shown(sent)}, x${(sent / nothing).toFixed(2)}`);
    } finally {
      await node.stop();
    }
  }
}

/** @returns payments a second */
async function rateOf(
  node: NodeProcess,
  method: string,
  hexes: readonly string[],
  batch: number,
): Promise<number> {
  const [host, port] = readFileSync(join(node.dataDir, '.rpc-address'), 'utf8').trim().split(':');
  const auth = readFileSync(join(node.dataDir, '.cookie'), 'utf8').trim();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const calls = hexes.map((hex, id) => ({ jsonrpc: '2.0', id, method, params: [hex] }));
  const bodies: string[] = [];
  for (let i = 0; i < calls.length; i += batch)
    bodies.push(JSON.stringify(batch === 1 ? calls[i] : calls.slice(i, i + batch)));
  let next = 0;
  const worker = async () => {
    while (next < bodies.length) await post(bodies[next++]!, { host, port, auth, agent });
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const ms = performance.now() - start;
  agent.destroy();
  return (hexes.length / ms) * 1000;
}

function post(body: string, options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asking = request({ ...options, method: 'POST', path: '/', headers }, (answer) =>
      text(answer).then(resolve, reject),
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

function shown(rate: number): string {
  return `${(rate / 1000).toFixed(2)}k/s`;
}
