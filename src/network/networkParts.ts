import { MAX_USER_AGENT_BYTES, type NodeStatus } from '../../protocols/status.ts';
import { AddressBook } from './addressBook.ts';
import { BanList } from './banList.ts';
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
import type { NetworkOptions } from './networkOptions.ts';
import { OrphanTransactions } from './orphanTransactions.ts';
import type { Peer } from './peer.ts';
import { announceAddress, tcpMultiaddr } from './peerAddress.ts';
import { PeerTable } from './peerTable.ts';
import { StatusExchange } from './statusExchange.ts';
import { Sync } from './sync.ts';
import { Watchdog } from './watchdog.ts';

/** What comes from the disk and the machine: who we are, where we listen, whom we know. */
export type NetworkGround = Readonly<{
  host: Host;
  bans: BanList;
  book: AddressBook;
  seeds: readonly string[];
  listenPort: number;
}>;

/** What works on it. */
export type NetworkParts = Readonly<{
  peers: PeerTable;
  status: StatusExchange;
  sync: Sync;
  gossip: GossipTopics;
  mempools: MempoolExchange;
  dialer: Dialer;
  watchdog: Watchdog;
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
  isOutsider: (peerId: string) => boolean,
): Promise<NetworkGround> {
  const { params, dataDir, maxPeers, listenHost = '0.0.0.0', serverPort, log } = options;
  const onDamaged = (path: string) => log.warn(`${path} is damaged, and begun anew`);
  const bans = await BanList.open(dataDir, onDamaged);
  const book = await AddressBook.open(dataDir, onDamaged);
  const listenPort = await chooseListenPort(dataDir, listenHost, serverPort, onDamaged);
  const host = await createHost({
    params,
    privateKey: await loadIdentity(dataDir),
    listen: [tcpMultiaddr(listenHost, listenPort).toString()],
    announce: options.announce.map((text) => announceAddress(text, listenPort)),
    maxPeers,
    userAgent: options.userAgent.slice(0, MAX_USER_AGENT_BYTES),
    gater: gate(bans),
    scoreOf: (peerId) => (isOutsider(peerId) ? OUTSIDE_SCORE : 0),
  });
  await rememberListenPort(dataDir, listenPort);
  return { host, bans, book, listenPort, seeds: options.seeds ?? (await readBootstrapList(params)) };
}

/** Puts the parts together. Nothing runs yet. */
export function makeParts(
  options: NetworkOptions,
  { host, bans, book, seeds }: NetworkGround,
  wiring: { signal: AbortSignal; ownStatus: () => NodeStatus; events: NetworkEvents },
): NetworkParts {
  const { chain, mempool, params, maxPeers, log } = options;
  const { signal, ownStatus, events } = wiring;
  const { onStatus, onProgress } = events;
  const genesisHash = params.genesis.header.hash;
  const peers = new PeerTable({ host, bans, maxPeers, genesisHash, log, ...events });
  const conversation = new Conversation({ peers, network: params.name, signal, log });
  const transactions = new OrphanTransactions({ mempool, peers, conversation, log });
  const sync = new Sync({ chain, peers, conversation, signal, log, onProgress });
  const hasCaughtUp = () => sync.hasCaughtUp;
  const gossip = new GossipTopics({
    host,
    params,
    chain,
    mempool,
    peers,
    orphans: transactions,
    onBlockUnseen: (peer) => sync.noteUnseen(peer),
    resolveOrphanBlock: (peer, hash) => sync.resolveOrphan(peer, hash),
    hasCaughtUp,
    log,
  });
  return {
    peers,
    sync,
    gossip,
    status: new StatusExchange({ peers, conversation, ownStatus, onStatus, signal, log }),
    mempools: new MempoolExchange({ mempool, peers, conversation, transactions, hasCaughtUp, signal, log }),
    dialer: new Dialer({ host, peers, book, bans, conversation, seeds, maxPeers, signal, log }),
    watchdog: new Watchdog({ host, peers, signal, log }),
  };
}
