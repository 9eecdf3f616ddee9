import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Chain } from '../chain/chain.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { NetworkParams } from '../params/networkParams.ts';

export type NetworkOptions = Readonly<{
  chain: Chain;
  mempool: Mempool;
  params: NetworkParams;
  dataDir: string;
  maxPeers: number;
  /** 0: a free one at the first start, the same one ever after. */
  serverPort: number;
  /** Of the interfaces to listen on, the port being the same: all IPv4 ones when left out. */
  listenHosts?: readonly string[];
  /** Public addresses, `host`, `host:port` or multiaddr, that others are told instead of those we listen on. */
  announce: readonly string[];
  /** Instead of the bootstrap list. Empty: none, only remembered peers and those that are added. */
  seeds: readonly string[] | undefined;
  /** Looks at many addresses again and again, so that those passed on are true: what a seed does. */
  crawl?: boolean;
  userAgent: string;
  /** Takes libp2p's own metrics, the bytes of every protocol among them. */
  metrics?: Registry | undefined;
  log: Logger;
}>;
