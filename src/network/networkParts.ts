import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { MAX_USER_AGENT_BYTES, type NodeStatus } from '../../protocols/status.ts';
import { AddressExchange } from './addressExchange.ts';
import { AddressTable } from './addressTable.ts';
import { BanList } from './banList.ts';
import { readBootstrapList } from './bootstrapList.ts';
import { ConnectionTraffic } from './connectionTraffic.ts';
import { Conversation } from './conversation.ts';
import { Dialer } from './dialer.ts';
import { DialTargets } from './dialTargets.ts';
import { Discovery } from './discovery.ts';
import { gate } from './gate.ts';
import { GossipTopics } from './gossip.ts';
import { GossipBacklog } from './gossipBacklog.ts';
import { GossipGuard } from './gossipGuard.ts';
import { OUTSIDE_SCORE } from './gossipSettings.ts';
import { createHost, type Host } from './host.ts';
import { loadIdentity } from './identity.ts';
import { chooseListenPort, rememberListenPort } from './listenPort.ts';
import { MempoolExchange } from './mempoolExchange.ts';
import { NetworkCounts } from './networkCounts.ts';
import type { NetworkOptions } from './networkOptions.ts';
import { OrphanTransactions } from './orphanTransactions.ts';
import type { Peer } from './peer.ts';
import { announceAddress, tcpMultiaddr } from './peerAddress.ts';
import { PeerStoreSweep } from './peerStoreSweep.ts';
import { PeerTable } from './peerTable.ts';
import { PingWatch } from './pingWatch.ts';
import { Prober } from './prober.ts';
import { Replacement } from './replacement.ts';
import { Shunned } from './shunned.ts';
import { StatusExchange } from './statusExchange.ts';
import { Sync } from './sync.ts';
import { TipWatch } from './tipWatch.ts';
import { PEER_PACE, SEED_PACE, Verifier } from './verifier.ts';
import { WakeWatch } from './wakeWatch.ts';
import { Watchdog } from './watchdog.ts';

/** What comes from the disk and the machine: who we are, where we listen, whom we know. */
export type NetworkGround = Readonly<{
  host: Host;
  bans: BanList;
  shunned: Shunned;
  traffic: ConnectionTraffic;
  table: AddressTable;
  discovery: Discovery;
  prober: Prober;
  targets: DialTargets;
  listenPort: number;
}>;

/** What works on it. */
export type NetworkParts = Readonly<{
  peers: PeerTable;
  status: StatusExchange;
  sync: Sync;
  gossip: GossipTopics;
  guard: GossipGuard;
  replacement: Replacement;
  mempools: MempoolExchange;
  transactions: OrphanTransactions;
  dialer: Dialer;
  verifier: Verifier;
  watchdog: Watchdog;
  gossipBacklog: GossipBacklog;
  pingWatch: PingWatch;
  wakeWatch: WakeWatch;
  tipWatch: TipWatch;
  sweep: PeerStoreSweep;
  counts: NetworkCounts;
}>;

/** What the whole has to know of its parts. */
export type NetworkEvents = Readonly<{
  onConnected: (peer: Peer) => void;
  onIntroduced: (peer: Peer) => void;
  onGone: (peer: Peer) => void;
  onStatus: () => void;
  onProgress: () => void;
}>;

/** Reads the files of the data directory and makes a host that does not listen yet. */
export async function layGround(
  options: NetworkOptions,
  wiring: {
    isOutsider: (peerId: string) => boolean;
    onAnnounced: (address: string) => void;
    signal: AbortSignal;
  },
): Promise<NetworkGround> {
  const { params, dataDir, maxPeers, listenHosts = ['0.0.0.0'], serverPort, log } = options;
  const onDamaged = (path: string) => log.warn(`${path} is damaged, and begun anew`);
  const bans = await BanList.open(dataDir, onDamaged);
  const shunned = new Shunned();
  const traffic = new ConnectionTraffic();
  const table = await AddressTable.open(dataDir, onDamaged);
  const privateKey = await loadIdentity(dataDir);
  const ownPeerId = peerIdFromPrivateKey(privateKey).toString();
  const discovery = new Discovery({ table, bans, ownPeerId, onAnnounced: wiring.onAnnounced });
  const listenPort = await chooseListenPort(dataDir, listenHosts, serverPort, onDamaged);
  const host = await createHost({
    params,
    privateKey,
    discovery,
    listen: listenHosts.map((listenHost) => tcpMultiaddr(listenHost, listenPort).toString()),
    announce: options.announce.map((text) => announceAddress(text, listenPort)),
    maxPeers,
    metrics: options.metrics,
    userAgent: options.userAgent.slice(0, MAX_USER_AGENT_BYTES),
    gater: gate(bans, shunned, traffic),
    scoreOf: (peerId) => (wiring.isOutsider(peerId) ? OUTSIDE_SCORE : 0),
  });
  await rememberListenPort(dataDir, listenPort);
  const seeds = options.seeds ?? (await readBootstrapList(params));
  const targets = new DialTargets(seeds, table.kept, log);
  const prober = await Prober.open(params.name, wiring.signal);
  return { host, bans, shunned, traffic, table, discovery, prober, targets, listenPort };
}

/** Puts the parts together. Nothing runs yet. */
export function makeParts(
  options: NetworkOptions,
  { host, bans, shunned, traffic, table, discovery, prober, targets }: NetworkGround,
  wiring: { signal: AbortSignal; ownStatus: () => NodeStatus; events: NetworkEvents },
): NetworkParts {
  const { chain, mempool, params, maxPeers, log } = options;
  const { signal, ownStatus, events } = wiring;
  const { onStatus, onProgress } = events;
  const genesisHash = params.genesis.header.hash;
  const isKept = (peerId: string) => targets.isKept(peerId);
  const counts = new NetworkCounts();
  const peers = new PeerTable({
    host,
    bans,
    maxPeers,
    genesisHash,
    isKept,
    isWanted: (connection) => targets.isWanted(connection),
    counts,
    log,
    ...events,
  });
  const conversation = new Conversation({ peers, network: params.name, signal, log });
  const transactions = new OrphanTransactions({ chain, mempool, peers, conversation, log });
  const sync = new Sync({ chain, peers, conversation, signal, log, onProgress });
  const hasCaughtUp = () => sync.hasCaughtUp;
  const onBlockUnseen = (peer: Peer) => sync.noteUnseen(peer);
  const guard = new GossipGuard({ host, network: params.name, peers, onBlockUnseen, signal, log });
  const gossip = new GossipTopics({
    host,
    params,
    chain,
    mempool,
    peers,
    orphans: transactions,
    onBlockUnseen,
    resolveOrphanBlock: (peer, header) => sync.resolveOrphan(peer, header),
    isSyncing: () => sync.isSyncing,
    counts,
    log,
  });
  const status = new StatusExchange({ peers, conversation, ownStatus, onStatus, signal, log });
  const exchange = new AddressExchange({ conversation, discovery, log, onNews: () => dialer.onNews() });
  const dialer = new Dialer({
    host,
    peers,
    discovery,
    exchange,
    targets,
    shunned,
    maxPeers,
    hasCaughtUp,
    signal,
    log,
  });
  const pace = options.crawl ? SEED_PACE : PEER_PACE;
  return {
    counts,
    peers,
    sync,
    gossip,
    guard,
    replacement: new Replacement({
      peers,
      shunned,
      hasCaughtUp,
      isKept,
      lookForMore: (extra) => dialer.lookForMore(extra, 'useless peers'),
      surplus: () => dialer.surplus(),
      signal,
      log,
    }),
    status,
    transactions,
    mempools: new MempoolExchange({ mempool, peers, conversation, transactions, hasCaughtUp, signal, log }),
    dialer,
    verifier: new Verifier({ table, bans, peers, prober, pace, signal, log }),
    sweep: new PeerStoreSweep(host),
    watchdog: new Watchdog({ host, peers, signal, log }),
    gossipBacklog: new GossipBacklog({ host, signal, log }),
    pingWatch: new PingWatch({ host, traffic, signal, log }),
    wakeWatch: new WakeWatch({ host, peers, onWake: () => dialer.wake(), signal, log }),
    tipWatch: new TipWatch({
      chain,
      introduced: () => peers.introduced(),
      disconnect: ({ id }, reason) => {
        const peer = peers.get(id);
        if (peer !== undefined) peers.disconnect(peer, reason);
      },
      lookForMore: (extra) => dialer.lookForMore(extra, 'old tip'),
      compare: () => void status.compare(),
      signal,
      log,
    }),
  };
}
