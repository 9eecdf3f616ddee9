import { describeWait, formatHashRate, kernelNote } from './describeMining.ts';
import { headlineOf, targetOf } from './headline.ts';
import { grouped } from './syncLine.ts';
import { type Terminal, table } from './terminal.ts';
import { fitMiddle, wrap } from './textWidth.ts';

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

/** Of a machine with many interfaces, these tell enough. */
const SHOWN_ADDRESSES = 3;
const LEAST_COLUMNS = 30;
/** Enough of one to tell it from others; what follows goes to the next line. */
const LEAST_HASH = 16;

/**
 * One screen that answers "is it working?": first of all in a sentence. It fits the terminal; what does not watch gets
 * whole values.
 * @param perSecond how fast the height grows, where it is known
 */
export function describeStatus(now: NodeStatus, terminal: Terminal, perSecond?: number): string[] {
  const columns = terminal.isInteractive ? Math.max(LEAST_COLUMNS, terminal.columns) : 80;
  const { text, isWell } = headlineOf(now, perSecond);
  const head = wrap(text, columns).map((line) => terminal.style(isWell ? 'green' : 'yellow', line));
  const room = terminal.isInteractive ? columns - 11 : Number.POSITIVE_INFINITY;
  const body = table(rowsOf(now, room), columns);
  const warnings = warningLines(now.warnings, columns);
  const all = [...head, ...body, ...warnings.map((line) => terminal.style('red', line))];
  // The prompt takes one more.
  const most = terminal.rows - 1;
  if (!terminal.isInteractive || all.length <= most || most < 3) return all;
  return [...all.slice(0, most - 1), terminal.dim('… `indiecoin status --json` shows the rest')];
}

function rowsOf(now: NodeStatus, room: number): [string, string][] {
  const target = targetOf(now);
  const addresses = now.addresses.map((address) => address.replace(/\/p2p\/.*$/, ''));
  const shown = addresses.slice(0, addresses.length > SHOWN_ADDRESSES ? SHOWN_ADDRESSES - 1 : undefined);
  const more = addresses.length - shown.length;
  return [
    ['network', now.network],
    ['height', `${grouped(now.height)} of ${grouped(target)}`],
    ['tip', `${fitMiddle(now.tip, Math.max(LEAST_HASH, room - 20))}, ${age(now.tipTimeSec)}`],
    ['blocks', describeBlocks(now)],
    ['peers', `${now.peers} (${now.inbound} in, ${now.outbound} out)`],
    [
      'mempool',
      `${grouped(now.mempool)} ${now.mempool === 1 ? 'transaction' : 'transactions'}, ${formatBytes(now.mempoolBytes)}`,
    ],
    ['mining', describeMiner(now)],
    ['peer id', fitMiddle(now.peerId, room)],
    ...shown.map((address, i): [string, string] => [i === 0 ? 'address' : '', fitMiddle(address, room)]),
    ...(more > 0 ? [['', `and ${more} more`] as [string, string]] : []),
    ['data', fitMiddle(now.dataDir, room)],
    ['up', `${duration(now.uptimeSec)}, version ${now.version}, signatures by ${now.engine}`],
  ];
}

function warningLines(warnings: readonly string[], columns: number): string[] {
  return table(
    warnings.map((warning) => ['warning', warning] as const),
    columns,
  );
}

export function describeMiner({ mining, miner }: NodeStatus): string {
  if (!mining) return 'no';
  const wait = miner.expectedSeconds === undefined ? '' : `, a block ${describeWait(miner.expectedSeconds)}`;
  const threads = `${miner.threads} ${miner.threads === 1 ? 'thread' : 'threads'}`;
  return `${formatHashRate(miner.hashesPerSecond)}${kernelNote(miner.kernel)} on ${threads}, found ${miner.blocksFound}${wait}`;
}

function describeBlocks({ blockBytes, pruned, pruneHeight = 0 }: NodeStatus): string {
  const size = formatBytes(blockBytes);
  if (!pruned) return size;
  return `${size}, pruned: ${pruneHeight === 0 ? 'all are here so far' : `from height ${pruneHeight} on`}`;
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** `1.2 kB`: thousands, as disks and lines are sold. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function age(timeSec: number): string {
  const seconds = Math.floor(Date.now() / 1000) - timeSec;
  return seconds < 0 ? `${duration(-seconds)} ahead of the clock` : `${duration(seconds)} old`;
}
