import { parseArgs } from 'node:util';
import { withFolder } from '../support/chains.ts';
import { runCrowd } from '../support/crowd/crowdRun.ts';
import { whyNoNamespaces } from '../support/hosts/namespaces.ts';

const USAGE = `npm run bench -- crowd [--peers 292] [--max-peers 300] [--processes 4] [--block-bytes 3000000] [--json]
  one node with so many peers in other processes: what it costs, and what 1,000 attempts beyond them change`;

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      peers: { type: 'string', default: '292' },
      'max-peers': { type: 'string', default: '300' },
      processes: { type: 'string', default: '4' },
      'block-bytes': { type: 'string', default: '3000000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const reason = whyNoNamespaces();
  if (values.help || reason !== undefined) throw new Error(reason ?? USAGE);
  const result = await withFolder((folder) =>
    runCrowd({
      folder,
      maxPeers: Number(values['max-peers']),
      peers: Number(values.peers),
      processes: Number(values.processes),
      sockets: 800,
      strangers: 200,
      blockBytes: Number(values['block-bytes']),
      largeGossipMs: 30_000,
      idleSeconds: 30,
    }),
  );
  if (values.json) {
    console.log(JSON.stringify(result, null, 1));
    return;
  }
  for (const reading of result.readings) {
    console.log(
      reading.what.padEnd(28) +
        `${reading.seconds.toFixed(1)} s`.padStart(10) +
        `cpu ${reading.cpuSeconds.toFixed(1)} s`.padStart(14) +
        `${reading.memoryMb.toFixed(0)} MB`.padStart(10) +
        `sent ${reading.sentMb.toFixed(1)} MB`.padStart(18) +
        `RPC ${reading.slowestRpcMs.toFixed(0)} ms at most`.padStart(24),
    );
  }
  console.log(`the large block reached ${result.heardLarge} by gossip within 30 s`);
  const sorted = [...result.fetchedMs].sort((a, b) => a - b);
  const at = (share: number) => ((sorted[Math.ceil(sorted.length * share) - 1] ?? 0) / 1000).toFixed(1);
  console.log(`asked for, half of ${sorted.length} had it after ${at(0.5)} s, all after ${at(1)} s`);
  for (const [what, count] of Object.entries(result.failures)) console.log(`  ${count} requests: ${what}`);
  console.log(`peers connected: ${result.connectedBefore} before, ${result.connectedAfter} after`);
  console.log(`a small block reached ${result.heardBefore} before, ${result.heardAfter} after`);
  console.log(`of 200 strangers ${result.answered} were answered, ${result.refused} were not`);
}
