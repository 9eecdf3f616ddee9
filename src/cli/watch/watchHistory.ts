import { RateMeter } from '../rateMeter.ts';
import type { Snapshot } from './watchData.ts';

/** Values of the last looks, the newest last; undefined where nothing was known. */
type Series = (number | undefined)[];

/** As wide as a graph can be. */
const KEPT = 300;

/** What was seen since the watch began, for the graphs. */
export class WatchHistory {
  readonly peers: Series = [];
  readonly mempoolBytes: Series = [];
  readonly ownHashRate: Series = [];
  /** Bytes a second, from all peers together. */
  readonly received: Series = [];
  readonly sent: Series = [];
  readonly #height = new RateMeter();
  #last: Snapshot | undefined;

  add(snapshot: Snapshot): void {
    const { status, atMs } = snapshot;
    this.#height.add(status.height, atMs);
    const traffic = this.#last && trafficBetween(this.#last, snapshot);
    keep(this.peers, status.peers);
    keep(this.mempoolBytes, snapshot.mempool.bytes);
    keep(this.ownHashRate, status.mining ? status.miner.hashesPerSecond : 0);
    keep(this.received, traffic?.received);
    keep(this.sent, traffic?.sent);
    this.#last = snapshot;
  }

  /** The node did not answer: the graphs have a gap. */
  addGap(): void {
    for (const series of [this.peers, this.mempoolBytes, this.ownHashRate, this.received, this.sent])
      keep(series, undefined);
    this.#last = undefined;
  }

  /** Blocks a second; undefined while it is too early to tell. */
  get blocksPerSec(): number | undefined {
    return this.#height.perSecond;
  }
}

/** Of the peers that were there both times: what others brought along says nothing of now. */
function trafficBetween(before: Snapshot, now: Snapshot): { received: number; sent: number } {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const known = new Map(before.peers.map((peer) => [`${peer.peer_id} ${peer.conntime}`, peer]));
  let [received, sent] = [0, 0];
  for (const peer of now.peers) {
    const earlier = known.get(`${peer.peer_id} ${peer.conntime}`);
    if (earlier === undefined) continue;
    received += Math.max(0, peer.bytesrecv - earlier.bytesrecv);
    sent += Math.max(0, peer.bytessent - earlier.bytessent);
  }
  return { received: received / seconds, sent: sent / seconds };
}

function keep(series: Series, value: number | undefined): void {
  series.push(value);
  if (series.length > KEPT) series.shift();
}
