import type { Logger } from '../node/log.ts';
import type { NodeServices } from '../rpc/nodeServices.ts';

/** Between two lines about a download. */
const PROGRESS_MS = 5000;

/** Tells in the log what a person wants to see of a node's life. @returns what ends it */
export function followProgress(services: NodeServices, log: Logger): () => void {
  const { chain, network } = services;
  let isEnded = false;
  let lastLineMs = 0;
  network.onState((state) => {
    if (isEnded) return;
    const peers = network.peers().length;
    if (state === 'running') log.info({ height: chain.tip.height, peers }, 'up to date');
    if (state === 'syncing')
      log.info({ height: chain.tip.height, of: network.bestPeerHeight() }, 'reading the chain');
    if (state === 'isolated') log.warn('no peers are left; looking for others');
  });
  chain.onChange(({ connected, tip }) => {
    if (isEnded || connected.length === 0) return;
    const of = Math.max(chain.bestHeader.height, network.bestPeerHeight());
    const isBehind = of - tip.height > 1;
    if (isBehind || connected.length > 1) {
      if (performance.now() - lastLineMs < PROGRESS_MS) return;
      lastLineMs = performance.now();
      log.info(`syncing ${tip.height}/${of} (${Math.floor((100 * tip.height) / of)} %)`);
      return;
    }
    const isOurs = isPaidToMiner(services, connected[0]!.block.transactions[0]!.outputs[0]?.lockingScript);
    const transactions = connected[0]!.block.transactions.length;
    log.info({ height: tip.height, hash: tip.hash, transactions }, isOurs ? 'block found' : 'new block');
  });
  return () => {
    isEnded = true;
  };
}

function isPaidToMiner({ miner }: NodeServices, lockingScript: Uint8Array | undefined): boolean {
  const own = miner.status().lockingScript;
  return own !== undefined && lockingScript !== undefined && Buffer.compare(own, lockingScript) === 0;
}
