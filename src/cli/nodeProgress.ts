import type { ChainChange } from '../chain/chainChange.ts';
import type { Logger } from '../node/log.ts';
import type { NodeServices } from '../rpc/nodeServices.ts';
import type { LiveLine } from './liveLine.ts';
import { RateMeter } from './rateMeter.ts';
import { type SyncFacts, syncLine } from './syncLine.ts';

/** Between two lines about a download, where nobody sees the bar. */
const PROGRESS_MS = 5000;
/** Between two lines about new blocks, which come by the dozen on a network for tests. */
const NEW_BLOCK_MS = 1000;
const REDRAW_MS = 250;

/** A terminal's last line, if somebody watches. */
export type Watched = Readonly<{ line: LiveLine; hasUnicode: boolean }>;

/**
 * Tells what a person wants to see of a node's life: in the log, and while it joins and reads the chain in a line that is
 * redrawn, for whoever watches. @returns what ends it
 */
export function followProgress(
  services: NodeServices,
  log: Logger,
  watched: Watched | undefined,
): () => void {
  const { chain, network } = services;
  const meter = new RateMeter();
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
    const isBehind = targetOf(services) - change.tip.height > 1;
    untold += change.connected.length;
    if (isBehind) meter.add(change.tip.height, performance.now());
    if (performance.now() - lastLineMs < (isBehind ? PROGRESS_MS : NEW_BLOCK_MS)) return;
    // Who sees the bar needs no lines beside it.
    if (isBehind && watched !== undefined) return;
    lastLineMs = performance.now();
    if (isBehind) tellProgress(blockFacts(services, meter), log);
    else tellBlocks(services, change, untold, log);
    untold = 0;
  });
  const drawing = watched && setInterval(() => draw(services, meter, watched), REDRAW_MS);
  return () => {
    isEnded = true;
    clearInterval(drawing);
    watched?.line.set('');
  };
}

function draw(services: NodeServices, meter: RateMeter, { line, hasUnicode }: Watched): void {
  line.set(lineFor(services, meter, line.columns - 1, hasUnicode));
}

/** What the node does until it is up to date; nothing then. */
function lineFor(services: NodeServices, meter: RateMeter, columns: number, hasUnicode: boolean): string {
  const { network, chain } = services;
  const peers = network.peers().length;
  switch (network.state()) {
    case 'running':
      return '';
    case 'bootstrapping':
      return network.hasAnyoneToDial
        ? 'Looking for peers'
        : 'Waiting for others to connect: no seeds are known';
    case 'isolated':
      return 'No peers are left: looking for others';
    case 'evaluating':
      return `Asking ${peers} ${peers === 1 ? 'peer' : 'peers'} how far they are`;
    case 'syncing': {
      const headers = chain.bestHeader.height;
      if (headers > chain.tip.height) return syncLine(blockFacts(services, meter), columns, hasUnicode);
      const facts = { label: 'Headers', done: headers, total: targetOf(services), unit: 'headers' };
      return syncLine({ ...facts, perSecond: undefined, peers }, columns, hasUnicode);
    }
  }
}

/** The height that is aimed at, as far as it is known. */
function targetOf({ chain, network }: NodeServices): number {
  return Math.max(chain.bestHeader.height, network.bestPeerHeight());
}

function blockFacts(services: NodeServices, meter: RateMeter): SyncFacts {
  const { chain, network } = services;
  return {
    label: 'Syncing',
    done: chain.tip.height,
    total: targetOf(services),
    unit: 'blocks',
    perSecond: meter.perSecond,
    peers: network.peers().length,
  };
}

function tellProgress({ done, total, perSecond, peers }: SyncFacts, log: Logger): void {
  const speed =
    perSecond === undefined || perSecond <= 0
      ? {}
      : {
          blocksPerSec: Number(perSecond.toPrecision(3)),
          etaSec: Math.ceil((total - done) / perSecond),
        };
  log.info({ ...speed, peers }, `syncing ${done}/${total} (${Math.floor((100 * done) / total)} %)`);
}

function tellBlocks(services: NodeServices, change: ChainChange, count: number, log: Logger): void {
  const { tip, connected } = change;
  const last = connected.at(-1)!;
  const [coinbase] = last.block.transactions;
  const isOurs = isPaidToMiner(services, coinbase?.outputs[0]?.lockingScript);
  const facts = { height: tip.height, hash: tip.hash, transactions: last.block.transactions.length };
  if (count > 1) log.info(facts, `${count} new blocks`);
  else log.info(facts, isOurs ? 'block found' : 'new block');
}

function isPaidToMiner({ miner }: NodeServices, lockingScript: Uint8Array | undefined): boolean {
  const own = miner.status().lockingScript;
  return own !== undefined && lockingScript !== undefined && Buffer.compare(own, lockingScript) === 0;
}
