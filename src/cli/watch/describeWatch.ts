import { describeWait, formatHashRate } from '../describeMining.ts';
import { duration, formatBytes } from '../describeStatus.ts';
import { headlineOf, targetOf } from '../headline.ts';
import { sparkline } from '../sparkline.ts';
import { grouped, syncLine } from '../syncLine.ts';
import { fit, printable, wrap } from '../textWidth.ts';
import type { Snapshot, WatchedBlock, WatchedPeer } from './watchData.ts';
import type { WatchHistory } from './watchHistory.ts';

export type WatchLine = Readonly<{ text: string; style?: 'bold' | 'dim' | 'green' | 'yellow' | 'red' }>;

export type WatchView = Readonly<{
  snapshot: Snapshot;
  history: WatchHistory;
  /** Why there is nothing newer, if so: what the node, or its absence, said. */
  trouble: string | undefined;
  /** Seconds since 1970. */
  nowSec: number;
}>;

export type WatchSize = Readonly<{ columns: number; rows: number; hasUnicode: boolean }>;

const NAME_COLUMNS = 10;
/** What stands beside a graph. */
const VALUE_COLUMNS = 34;
const NARROW = 60;
const HELP = 'q ends';

/** The node's life on one screen: never more lines than rows, nor a longer one than it is wide. */
export function describeWatch(view: WatchView, size: WatchSize): WatchLine[] {
  const head = headLines(view, size);
  const graphs = graphLines(view, size);
  const warnings = view.snapshot.status.warnings
    .flatMap((warning) => wrap(printable(warning), size.columns))
    .map((text): WatchLine => ({ text, style: 'red' }));
  // What is left of the screen: for the blocks two thirds, but for what the peers leave over.
  const foot: WatchLine = { text: footOf(view, size), style: 'dim' };
  const left = size.rows - head.length - graphs.length - 1;
  const shownWarnings = warnings.slice(0, Math.max(0, Math.min(4, left)));
  const room = left - shownWarnings.length;
  const peers = peerLines(view, size);
  const blocks = blockLines(view, size);
  const forPeers = Math.min(peers.length, Math.max(Math.floor(room / 2), room - blocks.length));
  const tables = [...cut(blocks, room - forPeers), ...cut(peers, forPeers)];
  const lines = [...head, ...graphs, ...tables, ...shownWarnings].slice(0, Math.max(0, size.rows - 1));
  return [...lines, foot]
    .slice(0, size.rows)
    .map((line) => ({ ...line, text: fit(line.text, size.columns) }));
}

/** A title without anything under it says nothing. */
function cut(lines: readonly WatchLine[], most: number): readonly WatchLine[] {
  return most < 2 ? [] : lines.slice(0, most);
}

function headLines({ snapshot, history, trouble }: WatchView, size: WatchSize): WatchLine[] {
  const { status } = snapshot;
  if (trouble !== undefined)
    return wrap(trouble, size.columns).map((text): WatchLine => ({ text, style: 'red' }));
  const { text, isWell } = headlineOf(status);
  if (status.state !== 'syncing')
    return wrap(text, size.columns).map(
      (line): WatchLine => ({ text: line, style: isWell ? 'green' : 'yellow' }),
    );
  const facts = {
    label: 'Behind',
    done: status.height,
    total: targetOf(status),
    unit: 'blocks',
    perSecond: history.blocksPerSec,
    peers: status.peers,
  };
  return [{ text: syncLine(facts, size.columns, size.hasUnicode), style: 'yellow' }];
}

function graphLines({ snapshot, history }: WatchView, size: WatchSize): WatchLine[] {
  const { status, mempool, networkRates } = snapshot;
  const [received, sent] = [history.received.at(-1), history.sent.at(-1)];
  const rows: [string, string, readonly (number | undefined)[]][] = [
    ['peers', `${status.peers} (${status.inbound} in, ${status.outbound} out)`, history.peers],
    ['received', perSecond(received), history.received],
    ['sent', perSecond(sent), history.sent],
    [
      'mempool',
      `${grouped(mempool.size)} tx, ${formatBytes(mempool.bytes)}${feeFloor(snapshot)}`,
      history.mempoolBytes,
    ],
    ['network', networkRate(networkRates.at(-1)), networkRates],
  ];
  if (status.mining) rows.push(['mining', ownRate(status), history.ownHashRate]);
  return rows.map(([name, value, series]) => {
    const text = `${name.padEnd(NAME_COLUMNS)}${value}`;
    const room = size.columns - NAME_COLUMNS - VALUE_COLUMNS - 1;
    if (room < 8) return { text };
    const graph = sparkline(series, Math.min(room, 60), size.hasUnicode);
    return {
      text: `${fit(text, NAME_COLUMNS + VALUE_COLUMNS).padEnd(NAME_COLUMNS + VALUE_COLUMNS)} ${graph}`.trimEnd(),
    };
  });
}

function perSecond(bytes: number | undefined): string {
  return bytes === undefined ? '' : `${formatBytes(bytes)}/s`;
}

/** Only where it is more than the least that is ever asked. */
function feeFloor({ mempool }: Snapshot): string {
  const share = mempool.usage / Math.max(1, mempool.maxmempool);
  return share > 0.5 ? `, ${Math.floor(100 * share)} % full` : '';
}

function networkRate(rate: number | undefined): string {
  return rate === undefined ? 'too few blocks' : formatHashRate(rate);
}

function ownRate({ miner }: Snapshot['status']): string {
  const wait = miner.expectedSeconds === undefined ? '' : `, ${describeWait(miner.expectedSeconds)}`;
  return `${formatHashRate(miner.hashesPerSecond)}${wait.replace(' on average', '')}`;
}

function blockLines({ snapshot, nowSec }: WatchView, { columns }: WatchSize): WatchLine[] {
  const isNarrow = columns < NARROW;
  const title = ['height', 'age', 'tx', 'size', ...(isNarrow ? [] : ['hash'])];
  const rows = snapshot.blocks.map((block) => blockRow(block, nowSec, isNarrow));
  return alignedLines(title, rows, ['end', 'end', 'end', 'end', 'start']);
}

function blockRow(
  { height, time, nTx, size, hash }: WatchedBlock,
  nowSec: number,
  isNarrow: boolean,
): string[] {
  const age = duration(Math.max(0, Math.floor(nowSec - time)));
  return [grouped(height), age, grouped(nTx), formatBytes(size), ...(isNarrow ? [] : [hash])];
}

function peerLines({ snapshot, nowSec }: WatchView, { columns }: WatchSize): WatchLine[] {
  const { peers } = snapshot;
  if (peers.length === 0) return [];
  const isNarrow = columns < NARROW;
  const title = ['peer', 'height', 'ping', ...(isNarrow ? [] : ['since', 'received', 'sent', 'program'])];
  // Those of our own choice first, as they matter most; then those that were there the longest.
  const ordered = peers.toSorted((a, b) => Number(a.inbound) - Number(b.inbound) || a.conntime - b.conntime);
  const rows = ordered.map((peer) => peerRow(peer, nowSec, isNarrow));
  return alignedLines(title, rows, ['start', 'end', 'end', 'end', 'end', 'end', 'start']);
}

function peerRow(peer: WatchedPeer, nowSec: number, isNarrow: boolean): string[] {
  const ping = peer.pingtime === undefined ? '' : `${Math.round(peer.pingtime * 1000)} ms`;
  const height = peer.synced_blocks < 0 ? '?' : grouped(peer.synced_blocks);
  const short = [`${peer.inbound ? 'in ' : 'out'} ${fit(printable(peer.addr), 28)}`, height, ping];
  if (isNarrow) return short;
  const since = duration(Math.max(0, Math.floor(nowSec - peer.conntime)));
  const traffic = [formatBytes(peer.bytesrecv), formatBytes(peer.bytessent)];
  return [...short, since, ...traffic, printable(peer.subver)];
}

type Side = 'start' | 'end';

function alignedLines(
  title: readonly string[],
  rows: readonly (readonly string[])[],
  sides: readonly Side[],
): WatchLine[] {
  if (rows.length === 0) return [];
  const all = [title, ...rows];
  const widths = title.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  return all.map((row, at) => ({
    text: row
      .map((cell, i) => (sides[i] === 'end' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
    ...(at === 0 && { style: 'bold' as const }),
  }));
}

function footOf({ snapshot, nowSec }: WatchView, { columns }: WatchSize): string {
  const { network, version, uptimeSec } = snapshot.status;
  const time = new Date(nowSec * 1000).toTimeString().slice(0, 8);
  const left = `IndieCoin ${version} on ${network}, up ${duration(uptimeSec)}`;
  const right = `${time}  ${HELP}`;
  const gap = columns - left.length - right.length;
  return gap < 1 ? `${HELP}  ${left}` : left + ' '.repeat(gap) + right;
}
