import { multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import { MAX_USER_AGENT_BYTES, type NodeStatus } from '../../protocols/status.ts';
import { hashToHex } from '../bytes/hex.ts';
import type { Chain } from '../chain/chain.ts';
import type { ChainChange } from '../chain/chainChange.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import { AddressBook } from './addressBook.ts';
import { serveAll } from './answers.ts';
import { type Ban, BanList } from './banList.ts';
import { readBootstrapList } from './bootstrapList.ts';
import { Conversation } from './conversation.ts';
import { Dialer } from './dialer.ts';
import { gate } from './gate.ts';
import { GossipTopics } from './gossip.ts';
import { OUTSIDE_SCORE } from './gossipSettings.ts';
import { createHost, type Host } from './host.ts';
import { loadIdentity } from './identity.ts';
import { chooseListenPort, rememberListenPort } from './listenPort.ts';
import { MempoolExchange } from './mempoolExchange.ts';
import { type NodeState, nodeStateOf } from './nodeState.ts';
import { OrphanTransactions } from './orphanTransactions.ts';
import { announceAddress, hostOf, tcpMultiaddr } from './peerAddress.ts';
import { type PeerInfo, peerInfo } from './peerInfo.ts';
import { PeerTable } from './peerTable.ts';
import { StatusExchange } from './statusExchange.ts';
import { Sync } from './sync.ts';
import { Watchdog } from './watchdog.ts';

export type NetworkOptions = Readonly<{
  chain: Chain;
  mempool: Mempool;
  params: NetworkParams;
  dataDir: string;
  maxPeers: number;
  /** 0: a free one at the first start, the same one ever after. */
  serverPort: number;
  /** Of the interface to listen on: all IPv4 ones when left out. */
  listenHost?: string;
  /** Public addresses, `host`, `host:port` or multiaddr, that others are told instead of those we listen on. */
  announce: readonly string[];
  /** Instead of the bootstrap list. Empty: none, only remembered peers and those that are added. */
  seeds: readonly string[] | undefined;
  userAgent: string;
  log: Logger;
}>;

/** The node among other nodes: finds them, keeps up with them, tells them what is new. */
export class Network {
  readonly peerId: string;
  readonly listenPort: number;
  readonly #options: NetworkOptions;
  readonly #stop = new AbortController();
  readonly #host: Host;
  readonly #bans: BanList;
  readonly #book: AddressBook;
  readonly #peers: PeerTable;
  readonly #status: StatusExchange;
  readonly #sync: Sync;
  readonly #gossip: GossipTopics;
  readonly #mempools: MempoolExchange;
  readonly #dialer: Dialer;
  readonly #watchdog: Watchdog;
  readonly #seedCount: number;
  readonly #stateListeners: ((state: NodeState) => void)[] = [];
  #state: NodeState = 'bootstrapping';
  #hadPeers = false;

  private constructor(
    options: NetworkOptions,
    parts: { host: Host; bans: BanList; book: AddressBook; seeds: readonly string[]; listenPort: number },
  ) {
    const { chain, mempool, params, maxPeers, log } = options;
    const { host, bans, book, seeds } = parts;
    const { signal } = this.#stop;
    this.#options = options;
    this.#host = host;
    this.#bans = bans;
    this.#book = book;
    this.peerId = host.peerId.toString();
    this.listenPort = parts.listenPort;
    this.#seedCount = seeds.length;
    const isSyncing = () => this.#sync.isSyncing;
    const ownStatus = () => this.#ownStatus();

    const peers = new PeerTable({
      host,
      bans,
      maxPeers,
      genesisHash: params.genesis.header.hash,
      log,
      onConnected: (peer) => {
        this.#update();
        void this.#status.ask(peer);
      },
      onIntroduced: (peer) => {
        this.#hadPeers = true;
        this.#dialer.onIntroduced(peer);
      },
      onGone: () => this.#onPeerGone(),
    });
    const conversation = new Conversation({ peers, network: params.name, signal, log });
    const transactions = new OrphanTransactions({ mempool, peers, conversation, log });
    this.#peers = peers;
    this.#sync = new Sync({ chain, peers, conversation, signal, log, onProgress: () => this.#update() });
    this.#status = new StatusExchange({
      peers,
      conversation,
      ownStatus,
      onStatus: () => this.#onStatus(),
      signal,
      log,
    });
    this.#gossip = new GossipTopics({
      host,
      params,
      chain,
      mempool,
      peers,
      orphans: transactions,
      onBlockUnseen: (peer) => this.#sync.noteUnseen(peer),
      resolveOrphanBlock: (peer, hash) => this.#sync.resolveOrphan(peer, hash),
      isSyncing,
      log,
    });
    this.#mempools = new MempoolExchange({
      mempool,
      peers,
      conversation,
      transactions,
      isSyncing,
      signal,
      log,
    });
    this.#dialer = new Dialer({ host, peers, book, bans, conversation, seeds, maxPeers, signal, log });
    this.#watchdog = new Watchdog({ host, peers, signal, log });
  }

  /** Listens, and begins to look for peers. Call `update` with every change of the chain from then on. */
  static async open(options: NetworkOptions): Promise<Network> {
    const { params, dataDir, listenHost = '0.0.0.0', serverPort } = options;
    const bans = await BanList.open(dataDir);
    const book = await AddressBook.open(dataDir);
    const listenPort = await chooseListenPort(dataDir, listenHost, serverPort);
    let network: Network | undefined;
    const host = await createHost({
      params,
      privateKey: await loadIdentity(dataDir),
      listen: [tcpMultiaddr(listenHost, listenPort).toString()],
      announce: options.announce.map((text) => announceAddress(text, listenPort)),
      maxPeers: options.maxPeers,
      userAgent: options.userAgent.slice(0, MAX_USER_AGENT_BYTES),
      gater: gate(bans),
      scoreOf: (peerId) => (network?.isOutsider(peerId) ? OUTSIDE_SCORE : 0),
    });
    const seeds = options.seeds ?? (await readBootstrapList(params));
    network = new Network(options, { host, bans, book, seeds, listenPort });
    await rememberListenPort(dataDir, listenPort);
    await network.#start();
    return network;
  }

  async #start(): Promise<void> {
    const { chain, mempool, params } = this.#options;
    await serveAll(this.#host, params.name, this.#peers, {
      chain,
      mempool,
      book: this.#book,
      ownStatus: () => this.#ownStatus(),
      onStatus: (connection, status) => this.#status.heard(connection, status),
    });
    chain.onInvalidBlock((_node, rejection, source) => this.#peers.punishForBlock(source, rejection.code));
    mempool.onAccepted(({ txid, transaction }) => {
      if (!this.#sync.isSyncing) this.#gossip.publishTransaction(txid, transaction.bytes);
    });
    await this.#host.start();
    this.#gossip.start();
    this.#status.start();
    this.#mempools.start();
    this.#watchdog.start();
    this.#dialer.start();
  }

  /** Multiaddrs under which others may reach this node. */
  addresses(): string[] {
    return this.#host.getMultiaddrs().map(String);
  }

  state(): NodeState {
    return this.#state;
  }

  onState(listener: (state: NodeState) => void): void {
    this.#stateListeners.push(listener);
  }

  peers(): PeerInfo[] {
    const { gossip } = this.#host.services;
    return this.#peers
      .all()
      .map((peer) => peerInfo(peer, gossip.getScore(peer.id), this.#peers.connection(peer)?.rtt));
  }

  get inboundCount(): number {
    return this.#peers.count('inbound');
  }

  get outboundCount(): number {
    return this.#peers.count('outbound');
  }

  /** Whether there is a seed, or a peer from an earlier time, to try. */
  get hasAnyoneToDial(): boolean {
    return this.#seedCount > 0 || this.#book.size > 0;
  }

  /** The highest that a peer claims, or our own height. */
  bestPeerHeight(): number {
    return Math.max(this.#options.chain.tip.height, ...this.#peers.introduced().map(({ height }) => height));
  }

  /** Height of the best valid header: where the chain will be when all blocks are here. */
  headersHeight(): number {
    return this.#options.chain.bestHeader.height;
  }

  /** The chain moved: tells the others of the new tip, unless many more are to follow. Does not wait. */
  update({ connected, tip }: ChainChange): void {
    this.#sync.onTip();
    this.#update();
    const last = connected.at(-1);
    if (this.#sync.isSyncing || last?.node !== tip) return;
    this.#gossip.publishBlock(tip.hash, last.block.bytes);
  }

  async broadcastBlock(block: Block): Promise<void> {
    this.#gossip.publishBlock(hashToHex(block.header.hash), block.bytes);
  }

  async broadcastTransaction({ hash, bytes }: Transaction): Promise<void> {
    this.#gossip.publishTransaction(hashToHex(hash), bytes);
  }

  /** Dials this address now and whenever the peer is lost. @throws PeerAddressError */
  async addPeer(address: string): Promise<void> {
    this.#dialer.add(address);
  }

  /** Hangs up, and does not keep the peer connected any more. Whether there was anything to do. */
  async removePeer(idOrAddress: string): Promise<boolean> {
    const wasKept = this.#dialer.remove(idOrAddress);
    const found = this.#find(idOrAddress);
    for (const peer of found) this.#peers.disconnect(peer, 'removed by hand');
    return wasKept || found.length > 0;
  }

  /** Bans a peer id or an IP address for some time. */
  ban(idOrAddress: string, seconds: number): void {
    this.#bans.add(idOrAddress, seconds, 'banned by hand');
    for (const peer of this.#find(idOrAddress)) this.#peers.disconnect(peer, 'banned by hand');
  }

  bans(): Ban[] {
    return this.#bans.list();
  }

  /** Whether there was such a ban. */
  unban(idOrAddress: string): boolean {
    return this.#bans.remove(idOrAddress);
  }

  /** Says good-bye and stops. The chain and the mempool may be closed afterwards. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#sync.close();
    this.#peers.close();
    await this.#host.stop();
    await this.#book.save();
    await this.#bans.close();
  }

  /** Connected, and not to be gossiped with. */
  isOutsider(peerId: string): boolean {
    return this.#peers.get(peerId)?.isCourtesy ?? false;
  }

  #find(idOrAddress: string) {
    return this.#peers
      .all()
      .filter(
        ({ id, address }) =>
          id === idOrAddress || address === idOrAddress || hostOf(multiaddr(address)) === idOrAddress,
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
      lowestHeight: 0,
      clockSec: Math.floor(Date.now() / 1000),
      listenPort: this.listenPort,
      userAgent,
    };
  }

  #onStatus(): void {
    this.#sync.wake();
    this.#update();
    void this.#mempools.askWhoIsDue();
  }

  #onPeerGone(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#peers.introduced().length === 0) this.#sync.reset();
    this.#dialer.onGone();
    this.#sync.wake();
    this.#update();
  }

  #update(): void {
    const state = nodeStateOf({
      connected: this.#peers.count(),
      introduced: this.#peers.introduced().length,
      hadPeers: this.#hadPeers,
      isSyncing: this.#sync.isSyncing,
    });
    if (state === this.#state) return;
    const { chain, log } = this.#options;
    log.info(
      { from: this.#state, to: state, height: chain.tip.height, peers: this.#peers.count() },
      'node state',
    );
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
    if (state === 'running') void this.#mempools.askWhoIsDue();
  }
}
