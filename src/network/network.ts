import { setMaxListeners } from 'node:events';
import { multiaddr } from '@multiformats/multiaddr';
import type { NodeStatus } from '../../protocols/status.ts';
import { blocksTopic, topicId, transactionsTopic } from '../../protocols/topics.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { ChainChange } from '../chain/chainChange.ts';
import { FROM_CHAIN, FROM_FILE } from '../mempool/mempool.ts';
import type { Block } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { serveAll } from './answers.ts';
import type { Ban } from './banList.ts';
import { clockOffset } from './clockOffset.ts';
import type { NetworkCounts } from './networkCounts.ts';
import type { NetworkOptions } from './networkOptions.ts';
import { layGround, makeParts, type NetworkGround, type NetworkParts } from './networkParts.ts';
import { type NodeState, nodeStateOf } from './nodeState.ts';
import type { Peer } from './peer.ts';
import { addressWithoutPeer, announceAddress, hostOf, subscriberOf } from './peerAddress.ts';
import { type PeerInfo, peerInfo } from './peerInfo.ts';
import { RecentlyTold } from './recentlyTold.ts';
import { meterStreams, STREAM_POINTS } from './streamMeter.ts';
import { findUnserved, type Unserved } from './unserved.ts';

/** The node among other nodes: finds them, keeps up with them, tells them what is new. */
export class Network {
  readonly peerId: string;
  readonly listenPort: number;
  readonly #options: NetworkOptions;
  readonly #ground: NetworkGround;
  readonly #parts: NetworkParts;
  readonly #stop: AbortController;
  readonly #stateListeners: ((state: NodeState) => void)[] = [];
  #state: NodeState = 'bootstrapping';
  #hadPeers = false;
  readonly #told = new RecentlyTold();

  private constructor(options: NetworkOptions, ground: NetworkGround, stop: AbortController) {
    this.#options = options;
    this.#ground = ground;
    this.peerId = ground.host.peerId.toString();
    this.listenPort = ground.listenPort;
    this.#stop = stop;
    const { signal } = stop;
    this.#parts = makeParts(options, ground, {
      signal,
      ownStatus: () => this.#ownStatus(),
      events: {
        onConnected: (peer) => this.#onConnected(peer),
        onIntroduced: (peer) => this.#onIntroduced(peer),
        onGone: (peer) => this.#onGone(peer),
        onStatus: () => this.#onStatus(),
        onProgress: () => this.#update(),
      },
    });
  }

  /** Listens, and begins to look for peers. Call `update` with every change of the chain from then on. */
  static async open(options: NetworkOptions): Promise<Network> {
    let network: Network | undefined;
    const stop = new AbortController();
    // Every request and every pause listens to it: many at a time are no leak.
    setMaxListeners(0, stop.signal);
    const ground = await layGround(options, {
      isOutsider: (peerId) => network?.isOutsider(peerId) ?? false,
      onAnnounced: (address) => network?.onAnnounced(address),
      signal: stop.signal,
    });
    network = new Network(options, ground, stop);
    await network.#start();
    return network;
  }

  async #start(): Promise<void> {
    const { chain, mempool, params, log } = this.#options;
    const { host, table } = this.#ground;
    const { peers, status, gossip, guard, mempools, watchdog, wakeWatch, tipWatch, verifier, dialer } =
      this.#parts;
    await serveAll(host, params.name, peers, {
      chain,
      mempool,
      table,
      ownStatus: () => this.#ownStatus(),
      onStatus: (connection, theirs) => status.heard(connection, theirs),
    });
    chain.onInvalidBlock((_node, rejection, source) => peers.punishForRejected(source, 'block', rejection));
    mempool.onAccepted(({ txid, transaction }, source, replaced) => {
      for (const one of replaced) this.#parts.transactions.noteRefused(one.txid);
      // What the last run left is no news: who lacks it asks for our mempool.
      if (source === FROM_FILE) return;
      // One reorganization after the other would have us say the same again and again.
      const isNews = this.#told.note(txid, performance.now()) || source !== FROM_CHAIN;
      if (isNews) gossip.publishTransaction(txid, transaction.bytes);
    });
    meterStreams(host, (id, reason) => peers.punish(id, STREAM_POINTS, `other: ${reason}`));
    guard.start();
    this.#parts.replacement.start();
    this.#parts.sweep.start({ signal: this.#stop.signal, log });
    await host.start();
    gossip.start();
    status.start();
    mempools.start();
    watchdog.start();
    this.#parts.gossipBacklog.start();
    this.#parts.pingWatch.start();
    wakeWatch.start();
    tipWatch.start();
    verifier.start();
    dialer.start();
  }

  /** Multiaddrs under which others may reach this node. */
  addresses(): string[] {
    return this.#ground.host.getMultiaddrs().map(String);
  }

  state(): NodeState {
    return this.#state;
  }

  onState(listener: (state: NodeState) => void): void {
    this.#stateListeners.push(listener);
  }

  peers(): PeerInfo[] {
    const { host, targets, traffic } = this.#ground;
    const { gossip } = host.services;
    return this.#parts.peers.all().map((peer) => {
      const connection = this.#parts.peers.connection(peer);
      return peerInfo(peer, {
        isManual: connection !== undefined && targets.isWanted(connection),
        traffic: traffic.of(peer.id),
        score: gossip.getScore(peer.id),
        pingMs: connection?.rtt,
      });
    });
  }

  /** Bytes that went over the wire with all peers since the start. */
  traffic(): Readonly<{ receivedBytes: number; sentBytes: number }> {
    return this.#ground.traffic.total;
  }

  /** Those that a person wants to be connected to, as typed, and the peers there. */
  wantedPeers(): { text: string; peers: PeerInfo[] }[] {
    const peers = this.peers();
    const wanted = this.#ground.targets.all().filter(({ isManual }) => isManual);
    return wanted.map((target) => ({
      text: target.text,
      peers: peers.filter(({ peerId, address }) => target.isOf(peerId, address)),
    }));
  }

  /** What gossip's topics have: by topic, the peers of its mesh and all that listen to it. */
  gossipTopics(): { topic: string; mesh: number; subscribers: number }[] {
    const { gossip } = this.#ground.host.services;
    return [blocksTopic, transactionsTopic].map((topic) => {
      const id = topicId(this.#options.params.name, topic);
      const subscribers = gossip.getSubscribers(id).length;
      return { topic: topic.name, mesh: gossip.getMeshPeers(id).length, subscribers };
    });
  }

  get counts(): NetworkCounts {
    return this.#parts.counts;
  }

  get maxPeers(): number {
    return this.#options.maxPeers;
  }

  get inboundCount(): number {
    return this.#parts.peers.count('inbound');
  }

  get outboundCount(): number {
    return this.#parts.peers.count('outbound');
  }

  /** Whether there is a seed, or a peer from an earlier time, to try. */
  get hasAnyoneToDial(): boolean {
    return this.#ground.targets.size > 0 || this.#ground.table.size > 0;
  }

  /** The highest that a peer claims, or our own height. */
  bestPeerHeight(): number {
    return Math.max(
      this.#options.chain.tip.height,
      ...this.#parts.peers.introduced().map(({ height }) => height),
    );
  }

  /** How far the clocks of the peers are ahead of ours, in seconds: their median. Undefined without peers. */
  clockOffsetSec(): number | undefined {
    return clockOffset(this.#parts.peers.introduced());
  }

  /** Addresses of nodes that we know of: told of, and reached. */
  knownAddresses(): { new: number; tried: number } {
    return this.#ground.table.counts();
  }

  /** Height of the best valid header: where the chain will be when all blocks are here. */
  headersHeight(): number {
    return this.#options.chain.bestHeader.height;
  }

  /** The chain moved: tells the others of the new tip, unless many more are to follow. Does not wait. */
  update({ connected, tip }: ChainChange): void {
    this.#parts.sync.onTip();
    this.#update();
    const last = connected.at(-1);
    if (this.#parts.sync.isSyncing || last?.node !== tip) return;
    this.#parts.gossip.publishBlock(tip.hash, last.block.bytes);
    this.#parts.status.compareSoon();
  }

  async broadcastBlock(block: Block): Promise<void> {
    this.#parts.gossip.publishBlock(hashToHex(block.header.hash), block.bytes);
  }

  async broadcastTransaction({ hash, bytes }: Transaction): Promise<void> {
    this.#parts.gossip.publishTransaction(hashToHex(hash), bytes);
  }

  /** Dials this address now and whenever the peer is lost. @throws PeerAddressError */
  async addPeer(address: string): Promise<void> {
    this.#parts.dialer.add(address);
  }

  /** Dials this address once, whoever is connected already. @throws PeerAddressError */
  tryPeer(address: string): void {
    this.#parts.dialer.tryOnce(address);
  }

  /** The block that is needed next, when all peers that are ahead have pruned it. */
  unserved(): Unserved | undefined {
    return findUnserved(this.#options.chain, this.#parts.peers);
  }

  /** Hangs up, and does not keep the peer connected any more. Whether there was anything to do. */
  async removePeer(idOrAddress: string): Promise<boolean> {
    const kept = this.#parts.dialer.remove(idOrAddress);
    const keptPeers = kept.flatMap(({ peerId }) => this.#parts.peers.get(peerId ?? '') ?? []);
    const found = new Set([...this.#find(idOrAddress), ...keptPeers]);
    for (const peer of found) {
      this.#parts.dialer.remove(peer.id);
      // Else the two would find each other again within a second.
      this.#ground.shunned.add(peer.id);
      this.#parts.peers.disconnect(peer, 'removed by hand');
    }
    return kept.length > 0 || found.size > 0;
  }

  /** Bans a peer id, an IP address or a /64 of them for some time. */
  ban(idOrAddress: string, seconds: number): void {
    this.#ground.bans.add(idOrAddress, seconds, 'banned by hand');
    for (const peer of this.#find(idOrAddress)) this.#parts.peers.disconnect(peer, 'banned by hand');
  }

  bans(): Ban[] {
    return this.#ground.bans.list();
  }

  /** Whether there was such a ban. */
  unban(idOrAddress: string): boolean {
    return this.#ground.bans.remove(idOrAddress);
  }

  /** Says good-bye and stops. The chain and the mempool may be closed afterwards. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#parts.sync.close();
    this.#parts.peers.close();
    await this.#ground.prober.close();
    await this.#ground.host.stop();
    await this.#ground.table.save(true);
    await this.#ground.bans.close();
  }

  /** Connected, and not to be gossiped with. */
  isOutsider(peerId: string): boolean {
    return this.#parts.peers.get(peerId)?.isCourtesy ?? false;
  }

  /** A peer says where it listens. */
  onAnnounced(address: string): void {
    this.#parts.verifier.enqueue(address);
  }

  /** By peer id, IP address, the /64 of one, or the address in any form in which it may be written. */
  #find(idOrAddress: string): Peer[] {
    const written = addressWithoutPeer(idOrAddress);
    return this.#parts.peers
      .all()
      .filter(
        ({ id, address }) =>
          id === idOrAddress ||
          hostOf(multiaddr(address)) === idOrAddress ||
          subscriberOf(hostOf(multiaddr(address))) === idOrAddress ||
          (written !== undefined && addressWithoutPeer(address) === written),
      );
  }

  #ownStatus(): NodeStatus {
    const { chain, params, userAgent } = this.#options;
    const { tip } = chain;
    return {
      genesisHash: params.genesis.header.hash,
      height: tip.height,
      tipHash: tip.hashBytes,
      chainWork: tip.chainWork,
      lowestHeight: chain.lowestHeight,
      clockSec: Math.floor(Date.now() / 1000),
      listenPort: this.#announcedPort(),
      userAgent,
    };
  }

  /** Where others should call: the port that we listen on, or one that a router or a proxy leads to it. */
  #announcedPort(): number {
    const [announced] = this.#options.announce;
    if (announced === undefined) return this.listenPort;
    return Number(/\/tcp\/(\d+)/.exec(announceAddress(announced, this.listenPort))?.[1] ?? this.listenPort);
  }

  #onConnected(peer: Peer): void {
    this.#update();
    void this.#parts.status.ask(peer);
  }

  #onIntroduced(peer: Peer): void {
    this.#hadPeers = true;
    this.#parts.dialer.onIntroduced(peer);
    this.#parts.status.askAgainSoon(peer);
  }

  #onStatus(): void {
    this.#parts.sync.wake();
    this.#update();
    this.#parts.mempools.wake();
  }

  #onGone(peer: Peer): void {
    if (this.#stop.signal.aborted) return;
    if (this.#parts.peers.introduced().length === 0) this.#parts.sync.reset();
    this.#parts.dialer.onGone(peer);
    this.#parts.sync.wake();
    this.#update();
  }

  #update(): void {
    const state = nodeStateOf({
      connected: this.#parts.peers.count(),
      introduced: this.#parts.peers.introduced().length,
      hadPeers: this.#hadPeers,
      isSyncing: this.#parts.sync.isSyncing,
    });
    if (state === this.#state) return;
    const { chain, log } = this.#options;
    log.debug(
      { from: this.#state, to: state, height: chain.tip.height, peers: this.#parts.peers.count() },
      'node state',
    );
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
    if (state === 'running') this.#parts.mempools.onCaughtUp();
  }
}
