import { describeWait, formatHashRate, kernelNote } from './describeMining.ts';
import { type Terminal, table } from './terminal.ts';

export type NodeStatus = Readonly<{
  network: string;
  state: string;
  height: number;
  headers: number;
  bestPeerHeight: number;
  tip: string;
  tipTimeSec: number;
  blockBytes: number;
  pruned: boolean;
  /** The lowest block that is kept; 0 while all are. */
  pruneHeight?: number;
  peers: number;
  inbound: number;
  outbound: number;
  mempool: number;
  mempoolBytes: number;
  mining: boolean;
  miner: {
    threads: number;
    hashesPerSecond: number;
    blocksFound: number;
    kernel: string;
    expectedSeconds?: number;
  };
  peerId: string;
  addresses: string[];
  dataDir: string;
  uptimeSec: number;
  version: string;
  engine: string;
  warnings: string[];
}>;

const STATES: Readonly<Record<string, string>> = {
  bootstrapping: 'looking for peers',
  evaluating: 'asking peers how far they are',
  syncing: 'reading the chain',
  running: 'up to date',
  isolated: 'no peers; trying again',
};

/** One screen that answers "is it working?". */
export function describeStatus(now: NodeStatus, terminal: Terminal): string[] {
  const { miner } = now;
  const target = Math.max(now.headers, now.bestPeerHeight, now.height);
  const state = `${now.state}: ${STATES[now.state] ?? ''}`;
  const rows: [string, string][] = [
    ['state', terminal.style(now.state === 'running' ? 'green' : 'yellow', state)],
    ['height', `${now.height} of ${target}${target > now.height ? ` (${percent(now.height, target)})` : ''}`],
    ['tip', `${shorten(now.tip, terminal.columns - 26)}, ${age(now.tipTimeSec)}`],
    ['blocks', describeBlocks(now)],
    ['peers', `${now.peers} (${now.inbound} in, ${now.outbound} out)`],
    ['mempool', `${now.mempool} transactions, ${(now.mempoolBytes / 1000).toFixed(1)} kB`],
    [
      'mining',
      now.mining
        ? `${formatHashRate(miner.hashesPerSecond)}${kernelNote(miner.kernel)} on ${miner.threads}, found ${miner.blocksFound}${expected(miner)}`
        : 'no',
    ],
    ['peer id', now.peerId],
    ...now.addresses.map((address, i): [string, string] => [
      i === 0 ? 'address' : '',
      address.replace(/\/p2p\/.*$/, ''),
    ]),
    ['data', now.dataDir],
    ['up', `${duration(now.uptimeSec)}, version ${now.version}, signatures by ${now.engine}`],
    ...now.warnings.map((warning): [string, string] => ['warning', terminal.style('red', warning)]),
  ];
  return [terminal.bold(`IndieCoin ${now.network}`), ...table(rows)];
}

function expected({ expectedSeconds }: NodeStatus['miner']): string {
  return expectedSeconds === undefined ? '' : `, a block ${describeWait(expectedSeconds)}`;
}

function describeBlocks({ blockBytes, pruned, pruneHeight = 0 }: NodeStatus): string {
  const size = `${(blockBytes / 1e6).toFixed(1)} MB`;
  if (!pruned) return size;
  return `${size}, pruned: ${pruneHeight === 0 ? 'all are here so far' : `from height ${pruneHeight} on`}`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

function age(timeSec: number): string {
  const seconds = Math.floor(Date.now() / 1000) - timeSec;
  return seconds < 0 ? `${duration(-seconds)} ahead of the clock` : `${duration(seconds)} old`;
}

function percent(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} %`;
}

/** The middle of a hash tells nothing that its ends do not. */
function shorten(hash: string, room: number): string {
  if (hash.length <= room || room < 20) return room < 20 ? `${hash.slice(0, 16)}…` : hash;
  const half = Math.floor((room - 1) / 2);
  return `${hash.slice(0, half)}…${hash.slice(-half)}`;
}
