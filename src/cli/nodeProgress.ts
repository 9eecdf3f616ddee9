import type { ChainChange } from '../chain/chainChange.ts';
import type { Logger } from '../node/log.ts';
import type { NodeServices } from '../rpc/nodeServices.ts';

/** Between two lines about a download. */
const PROGRESS_MS = 5000;
/** Between two lines about new blocks, which come by the dozen on a network for tests. */
const NEW_BLOCK_MS = 1000;

/** Tells in the log what a person wants to see of a node's life. @returns what ends it */
export function followProgress(services: NodeServices, log: Logger): () => void {
  const { chain, network } = services;
  let isEnded = false;
  let lastLineMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  network.onState((state) => {
    if (isEnded) return;
    const peers = network.peers().length;
    if (state === 'running') log.info({ height: chain.tip.height, peers }, 'joined, up to date');
    if (state === 'syncing')
      log.info({ height: chain.tip.height, of: network.bestPeerHeight() }, 'reading the chain');
    if (state === 'isolated') log.warn('no peers are left; looking for others');
  });
  chain.onChange((change) => {
    if (isEnded || change.connected.length === 0) return;
    const of = Math.max(chain.bestHeader.height, network.bestPeerHeight());
    const isBehind = of - change.tip.height > 1;
    untold += change.connected.length;
    if (performance.now() - lastLineMs < (isBehind ? PROGRESS_MS : NEW_BLOCK_MS)) return;
    lastLineMs = performance.now();
    if (isBehind)
      log.info(`syncing ${change.tip.height}/${of} (${Math.floor((100 * change.tip.height) / of)} %)`);
    else tellBlocks(services, change, untold, log);
    untold = 0;
  });
  return () => {
    isEnded = true;
  };
}

function tellBlocks(services: NodeServices, change: ChainChange, count: number, log: Logger): void {
  const { tip, connected } = change;
  const last = connected.at(-1)!;
  const [coinbase] = last.block.transactions;
  const isOurs = isPaidToMiner(services, coinbase?.outputs[0]?.lockingScript);
  const facts = { height: tip.height, hash: tip.hash, transactions: last.block.transactions.length };
  if (count > 1) log.info({ ...facts, blocks: count }, 'new blocks');
  else log.info(facts, isOurs ? 'block found' : 'new block');
}

function isPaidToMiner({ miner }: NodeServices, lockingScript: Uint8Array | undefined): boolean {
  const own = miner.status().lockingScript;
  return own !== undefined && lockingScript !== undefined && Buffer.compare(own, lockingScript) === 0;
}
