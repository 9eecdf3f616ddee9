import { parseArgs } from 'node:util';
import { whyNoNamespaces } from '../support/hosts/namespaces.ts';
import { measureRelay, type Spread } from './networkRelay.ts';
import { measureStart, type StartTimes } from './networkStart.ts';

const USAGE = `npm run bench -- network [--json] [--delay-ms N] [start] [hop] [line] [mesh]
  start   time from the start of a process to its first peer, to 8 peers, to synced
  hop     a 3 MB block over one hop, with transactions known and unknown before, and the bytes on the wire per node
  line    the same over 4 hops: 5 hosts of which each reaches only its neighbours
  mesh    the same among 5 hosts of which each is connected to all
  Without a name: all four. With --delay-ms a packet takes so long from one host to another (not for start). Every node has a network namespace of its own, which takes root on Linux.`;

export async function run(options: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...options],
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, 'delay-ms': { type: 'string', default: '0' } },
  });
  const reason = whyNoNamespaces();
  if (reason !== undefined) throw new Error(reason);
  const delayMs = Number(values['delay-ms']);
  const phases: Record<string, () => Promise<unknown>> = {
    start: async () => show(values.json, await measureStart(3), printStart),
    hop: async () => show(values.json, await measureRelay(2, 'line', delayMs), printSpreads),
    line: async () => show(values.json, await measureRelay(5, 'line', delayMs), printSpreads),
    mesh: async () => show(values.json, await measureRelay(5, 'mesh', delayMs), printSpreads),
  };
  for (const name of positionals.length > 0 ? positionals : Object.keys(phases)) {
    const phase = phases[name];
    if (phase === undefined) throw new Error(USAGE);
    await phase();
  }
}

function show<Result>(json: boolean, result: Result, print: (result: Result) => void): void {
  if (json) console.log(JSON.stringify(result));
  else print(result);
}

function printStart(all: readonly StartTimes[]): void {
  console.log('a newcomer among 10 nodes, 2,000 blocks with 20,000 payments; since its process was started:');
  for (const { rpc, firstPeer, eightPeers, synced } of all) {
    console.log(`  RPC ${rpc} ms, first peer ${firstPeer} ms, 8 peers ${eightPeers} ms, synced ${synced} ms`);
  }
}

function printSpreads(spreads: readonly Spread[]): void {
  for (const { what, shape, bytes, shares } of spreads) {
    const total = shares.reduce((sum, { sentMb }) => sum + sentMb, 0);
    const size = (bytes / 1e6).toFixed(1);
    console.log(
      `${what}: ${size} MB, ${shares.length} hosts in a ${shape}, ${total.toFixed(1)} MB on the wire`,
    );
    for (const { address, afterMs, sentMb, receivedMb } of shares) {
      console.log(
        `  ${address.padEnd(12)}${String(afterMs).padStart(7)} ms` +
          `sent ${sentMb.toFixed(1)} MB`.padStart(17) +
          `received ${receivedMb.toFixed(1)} MB`.padStart(21),
      );
    }
  }
}
