import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { Population } from '../support/hosts/population.ts';
import { runJson, until } from '../support/nodeProcess.ts';
import { makeWorkload, writeBootstrapFile } from '../support/workload.ts';

const BLOCKS = 2000;
const PAYMENTS = 20_000;
const PATIENCE_MS = 120_000;
const WANTED_PEERS = 8;

/** Milliseconds since the process was started. */
export type StartTimes = Readonly<{
  rpc: number;
  firstPeer: number;
  eightPeers: number;
  synced: number;
}>;

/** Starts newcomers, one after the other, in a network of ten nodes of which each knows one. */
export function measureStart(newcomers: number): Promise<StartTimes[]> {
  return Population.with(async (population) => {
    const imported = join(population.folder, 'imported');
    const file = join(population.folder, 'blocks.dat');
    writeBootstrapFile(file, makeWorkload(BLOCKS, PAYMENTS));
    await runJson(['chain', 'import', file, '--network', 'regtest', '--data-dir', imported]);
    const seed = population.add({ seeds: [] });
    const nodes = [seed, ...Array.from({ length: 9 }, () => population.add({ seeds: [seed.address] }))];
    for (const { dataDir } of nodes) cpSync(imported, dataDir, { recursive: true });
    await population.start(nodes);
    await population.untilEachHas(4, 'the others', PATIENCE_MS);

    const times: StartTimes[] = [];
    for (let i = 0; i < newcomers; i++) {
      const newcomer = population.add({ seeds: [nodes[i % nodes.length]!.address] });
      const startMs = performance.now();
      const reached = async (what: string, probe: () => Promise<boolean>) => {
        await until(what, probe, PATIENCE_MS);
        return Math.round(performance.now() - startMs);
      };
      await newcomer.start();
      const rpc = Math.round(performance.now() - startMs);
      const [firstPeer, eightPeers, synced] = await Promise.all([
        reached('the first peer', async () => (await newcomer.status()).peers > 0),
        reached('eight peers', async () => (await newcomer.status()).peers >= WANTED_PEERS),
        reached('synced', async () => {
          const { state, height } = await newcomer.status();
          return state === 'running' && height === BLOCKS;
        }),
      ]);
      times.push({ rpc, firstPeer, eightPeers, synced });
      await newcomer.stop();
    }
    return times;
  });
}
