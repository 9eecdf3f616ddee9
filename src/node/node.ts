import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Chain } from '../chain/chain.ts';
import type { ChainChange } from '../chain/chainChange.ts';
import { isReindexUnfinished, reindex, removeReindexed } from '../chain/reindex.ts';
import { payToPublicKey } from '../consensus/lockingScript.ts';
import { VerifyPool } from '../crypto/verifyPool.ts';
import { FROM_CHAIN, FROM_FILE, Mempool } from '../mempool/mempool.ts';
import { MempoolFiles } from '../mempool/mempoolFiles.ts';
import { checkProposal } from '../mining/checkProposal.ts';
import { Miner } from '../mining/miner.ts';
import { TemplateSource } from '../mining/templateSource.ts';
import { readBootstrapList } from '../network/bootstrapList.ts';
import { Network } from '../network/network.ts';
import { MetricsServer } from '../rpc/metricsServer.ts';
import { Monitor } from '../rpc/monitor.ts';
import { NodeEvents } from '../rpc/nodeEvents.ts';
import type { NodeServices } from '../rpc/nodeServices.ts';
import { readPayee } from '../rpc/parameters.ts';
import { RpcServer } from '../rpc/rpcServer.ts';
import { StratumServer } from '../rpc/stratumServer.ts';
import { DiskSpace } from '../store/diskSpace.ts';
import { areTablesSound } from '../store/tableCheck.ts';
import type { DroppedListener, TransactionListener } from '../wallet/unconfirmedPayments.ts';
import { Wallet } from '../wallet/wallet.ts';
import type { NodeConfig } from './config.ts';
import { ConfigError } from './configError.ts';
import { LOG_FILE, type Logger } from './log.ts';
import { LogLevels } from './logLevels.ts';
import { UpgradeWatch } from './upgradeWatch.ts';
import { tellOfDropped, tellOfPayments } from './walletNews.ts';
import { WalletNotifier } from './walletNotifier.ts';
import { warningsOf } from './warnings.ts';
import { watchDiskSpace } from './watchDiskSpace.ts';
import { watchTables } from './watchTables.ts';

/** How often what is committed is forced to disk: a power cut costs no more than this. */
const SYNC_MS = 60_000;

/** Between two lines about a reindex. */
const PROGRESS_MS = 5000;
/** A miner whose seeds do not answer for so long may be the first of its network. */
const ALONE_MS = 15_000;
/** Source of payments that the last run sent, and no block has. */
const FROM_WALLET = 'wallet';

/** Where the node is asked. */
type Doors = Readonly<{ rpc: RpcServer; metrics: MetricsServer | undefined }>;

/** Everything that is open, in the order of opening; closed in the reverse. */
type Closer = Readonly<{ what: string; close: () => Promise<void> }>;
type Opened = (what: string, close: () => Promise<void>) => void;

/** A running node. */
export type Node = Readonly<{
  services: NodeServices;
  /** `host:port` of the RPC. */
  rpcAddress: string;
  /** `host:port` of the door for metrics alone, if there is one. */
  metricsAddress: string | undefined;
  /** Of a key that was made for the miner at this start: to be shown to its owner once, and to nobody else. */
  minerKey: Uint8Array | undefined;
  /** Resolves when the node is asked to end, with the error if it cannot go on. It is still open then: close it. */
  stopped: Promise<Error | undefined>;
  /** Ends everything in order; what was reported as done is on disk afterwards. */
  close(): Promise<void>;
}>;

type OpenOptions = Readonly<{
  /** Called once nobody else can have the data directory. */
  onOwned?: () => void;
  /** Ends what may take long at the start, with the signal's reason: the next start begins it anew. */
  signal?: AbortSignal;
}>;

/** Opens all parts, each on top of the ones before. What was open is closed again if one fails. */
export async function openNode(
  config: NodeConfig,
  log: Logger,
  version: string,
  { onOwned = () => undefined, signal }: OpenOptions = {},
): Promise<Node> {
  const closers: Closer[] = [];
  const opened: Opened = (what, close) => closers.push({ what, close });
  let stop: (error?: Error) => void = () => undefined;
  const stopped = new Promise<Error | undefined>((resolve) => {
    stop = resolve;
  });
  try {
    const { services, doors, monitor } = await openParts(
      { config, log, version, stop, onOwned, signal },
      opened,
    );
    const minerKey = config.miner ? await startMining(config, services, opened) : undefined;
    if (config.miner && services.miner.status().kernel === 'plain')
      log.warn('mining at a fifth of the speed: this processor, or this Node, has no SIMD for WebAssembly');
    doors.rpc.attach(services);
    monitor.attach(services);
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= closeAll(closers, log);
      return closing;
    };
    const { rpc, metrics } = doors;
    return { services, rpcAddress: rpc.address, metricsAddress: metrics?.address, minerKey, stopped, close };
  } catch (error) {
    await closeAll(closers, log);
    throw error;
  }
}

async function openParts(
  options: {
    config: NodeConfig;
    log: Logger;
    version: string;
    stop: (error?: Error) => void;
    onOwned: () => void;
    signal: AbortSignal | undefined;
  },
  opened: Opened,
): Promise<{ services: NodeServices; doors: Doors; monitor: Monitor }> {
  const { config, log, version, stop } = options;
  const { params, dataDir } = config;
  const levels = new LogLevels(log, config.logLevel);
  const logOf = (subsystem: string) => levels.log(subsystem);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const diskSpace = new DiskSpace(dataDir, config.minFreeSpaceMb);
  await diskSpace.look();

  const verifyPool = await VerifyPool.open();
  opened('signature workers', () => verifyPool.close());

  if (config.reindex || isReindexUnfinished(dataDir))
    await mend(config, { verifyPool, diskSpace, signal: options.signal, log: logOf('chain') });
  else await removeReindexed(dataDir);

  // The databases' lock is the data directory's: whoever does not get it must not touch the cookie of the one who has it.
  const monitor = new Monitor(config.isSeed);
  let doors: Doors | undefined;
  const onLocked = async () => {
    options.onOwned();
    doors = await openDoors({ config, monitor, log: logOf('rpc') }, opened);
  };
  let mempool: Mempool | undefined;
  let reader: Wallet | undefined;
  const chain = await Chain.open({
    dataDir,
    params,
    verifyPool,
    transactionIndex: config.transactionIndex,
    prune: config.prune && { ...config.prune, neededFrom: () => heightReadBy(reader) },
    isVerified: (transaction) => mempool?.isVerified(transaction) ?? false,
    onLocked,
    diskSpace,
    onFatal: stop,
  });
  opened('chain', () => chain.close());
  opened('check of the tables', watchTables(dataDir, stop));
  const unwatch = watchDiskSpace(diskSpace, logOf('chain'), stop);
  opened('watch over the disk', async () => unwatch());
  expectPruning(chain, config);

  const pool = new Mempool({ chain, verifyPool });
  mempool = pool;
  const mempoolFiles = openMempoolFiles({ dataDir, params, pool, log: logOf('mempool') });
  opened('mempool', () => mempoolFiles.close());
  const notifier =
    config.walletNotify === undefined ? undefined : new WalletNotifier(config.walletNotify, logOf('wallet'));
  if (notifier !== undefined) opened('wallet-notify', () => notifier.close());
  const onTransaction = tellOfPayments(logOf('wallet'), notifier);
  const onDropped = tellOfDropped(logOf('wallet'), notifier);
  const told = { onTransaction, onDropped };
  const wallet = await openWallet({ dataDir, params, chain, pool, ...told, log: logOf('wallet') });
  reader = wallet;
  chain.prune();
  opened('wallet', () => wallet.close());

  const miner = new Miner({
    chain,
    mempool: pool,
    submit: (block) => chain.acceptBlock(block, { requested: true, source: 'miner', durable: true }),
  });
  opened('miner', () => miner.stop());
  const templates = new TemplateSource({ chain, mempool: pool });
  opened('templates', async () => templates.close());

  const network = await Network.open({
    chain,
    mempool: pool,
    params,
    dataDir,
    maxPeers: config.maxPeers,
    serverPort: config.serverPort,
    listenHosts: config.listenHosts,
    announce: config.announce,
    seeds: [...(config.useBootstrapList ? await readBootstrapList(params) : []), ...config.dnsSeeds],
    crawl: config.isSeed,
    userAgent: `indiecoin/${version}`,
    metrics: monitor.registry,
    log: logOf('network'),
  });
  opened('network', () => network.close());

  const upgradeWatch = new UpgradeWatch(chain, logOf('chain'));
  upgradeWatch.update();
  follow(chain, { pool, wallet, miner, templates, network, upgradeWatch, log: logOf('chain') });
  const events = new NodeEvents(chain, pool, network);
  // Payments of ours that no block has: after a kill the mempool of the last run is gone.
  for (const transaction of wallet.ownPending()) await pool.accept(transaction, { source: FROM_WALLET });
  loadMempool(mempoolFiles, logOf('mempool'), stop);
  const flush = setInterval(() => chain.sync().catch(stop), SYNC_MS);
  opened('flush timer', async () => clearInterval(flush));

  let stratum: StratumServer | undefined;
  const services: NodeServices = {
    params,
    chain,
    mempool: pool,
    mempoolFiles,
    network,
    miner,
    templates,
    checkProposal: (block) =>
      checkProposal(block, {
        chain,
        verifyPool,
        isVerified: (transaction) => pool.isVerified(transaction),
        nowSec: Math.floor(Date.now() / 1000),
      }),
    publicKey: config.publicKey,
    stratum: () => stratum?.status(),
    wallet,
    events,
    logLevels: levels,
    dataDir,
    logPath: join(dataDir, LOG_FILE),
    startedAtSec: Math.floor(Date.now() / 1000),
    version,
    engine: verifyPool.engine,
    signatureChecks: () => verifyPool.checked,
    freeDiskBytes: () => diskSpace.freeBytes,
    warnings: () => warningsOf({ chain, network, verifyPool, upgradeWatch, diskSpace, wallet }),
    stop: () => stop(),
  };
  const { stratumHost: host, stratumPort: port } = config;
  if (port !== undefined) {
    const door = await StratumServer.open(services, { host, port, log: logOf('mining') });
    opened('Stratum', () => door.close());
    stratum = door;
  }
  return { services, doors: doors!, monitor };
}

async function openDoors(
  { config, monitor, log }: { config: NodeConfig; monitor: Monitor; log: Logger },
  opened: Opened,
): Promise<Doors> {
  const { dataDir, rpcHost: host, rpcPort: port, rpcLogin: login, metricsHost, metricsPort } = config;
  const allowedHosts = config.rpcAllowedHosts;
  const rpc = await RpcServer.open({ dataDir, host, port, login, allowedHosts, monitor, log });
  opened('RPC', () => rpc.close());
  if (metricsPort === undefined) return { rpc, metrics: undefined };
  const metrics = await MetricsServer.open(monitor, metricsHost, metricsPort);
  opened('metrics', () => metrics.close());
  return { rpc, metrics };
}

/** Who goes on with a pruned chain as if it were whole would miss it later. @throws ConfigError */
function expectPruning({ lowestHeight, pruning }: Chain, { dataDir }: NodeConfig): void {
  if (lowestHeight === 0 || pruning !== undefined) return;
  throw new ConfigError(
    `The blocks in ${dataDir} were pruned below height ${lowestHeight}. Start with --prune again, or with --reindex to download them all.`,
  );
}

/** Blocks from here on are still to be read by the wallet; all of them while it is not open yet. */
function heightReadBy(wallet: Wallet | undefined): number {
  if (wallet === undefined) return 0;
  return wallet.unreadFrom;
}

function openMempoolFiles(parts: {
  dataDir: string;
  params: NodeConfig['params'];
  pool: Mempool;
  log: Logger;
}): MempoolFiles {
  const { dataDir, params, pool, log } = parts;
  const onDamaged = (path: string, reason: string) => log.warn(`${path} is not used: ${reason}`);
  return new MempoolFiles({ dataDir, params, mempool: pool, onDamaged });
}

/** Not awaited: thousands of signatures are verified, and the node answers meanwhile. */
function loadMempool(files: MempoolFiles, log: Logger, stop: (error: Error) => void): void {
  files.load().then((result) => {
    if (result.count > 0) log.info(result, 'loaded the mempool of the last run');
  }, stop);
}

function openWallet(parts: {
  dataDir: string;
  params: NodeConfig['params'];
  chain: Chain;
  pool: Mempool;
  onTransaction: TransactionListener;
  onDropped: DroppedListener;
  log: Logger;
}): Promise<Wallet> {
  const { dataDir, params, chain, pool, onTransaction, onDropped, log } = parts;
  return Wallet.open({
    onTransaction,
    onDropped,
    dataDir,
    params,
    chain,
    isInMempool: (txid) => pool.has(txid),
    spenderOf: (outpoint) => pool.spenderOf(outpoint),
    onRescan: (height, of) => log.info({ height, of }, 'looking through the chain for coins of the wallet'),
    onRescanFailed: (error) => log.error({ err: error }, 'the wallet cannot follow the chain'),
    ledger: {
      isSound: areTablesSound,
      onDamaged: (path) =>
        log.warn(`${path} is damaged, and made anew from the chain; send again what no block has`),
    },
  });
}

/** Makes the chain's database anew, and tells how far it is. */
async function mend(
  { dataDir, params, transactionIndex }: NodeConfig,
  parts: { verifyPool: VerifyPool; diskSpace: DiskSpace; signal: AbortSignal | undefined; log: Logger },
): Promise<void> {
  const { verifyPool, diskSpace, signal, log } = parts;
  let toldMs = performance.now();
  const onProgress = (done: number, total: number) => {
    if (performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    log.info(`reindexing ${done}/${total} (${Math.floor((100 * done) / total)} %)`);
  };
  log.info('reindexing: the chain database is made anew from the stored blocks');
  const work = { dataDir, params, transactionIndex, verifyPool, diskSpace };
  const result = await reindex({ ...work, onProgress, ...(signal && { signal }) });
  log.info(result, 'reindexed');
  if (result.pruned > 0) {
    log.warn(
      `${result.pruned} blocks were pruned from this chain: they are downloaded again, and checked again`,
    );
  }
}

/** Who is told of a new tip, in this order, each before the next. */
function follow(
  chain: Chain,
  parts: {
    pool: Mempool;
    wallet: Wallet;
    miner: Miner;
    templates: TemplateSource;
    network: Network;
    upgradeWatch: UpgradeWatch;
    log: Logger;
  },
): void {
  const { pool, wallet, miner, templates, network, upgradeWatch, log } = parts;
  let isSending = false;
  const sendAgain = async () => {
    if (isSending) return;
    isSending = true;
    try {
      // An input that was too young, or a fee that was too low, may do now.
      for (const payment of wallet.strandedPayments()) await pool.accept(payment, { source: FROM_WALLET });
    } finally {
      isSending = false;
    }
  };
  chain.onChange(async (change) => {
    miner.interrupt();
    await pool.update(change);
    await wallet.update(change);
    miner.refresh();
    templates.update();
    logChange(change, log);
    upgradeWatch.update();
    network.update(change);
    // Not awaited: the mempool takes nothing before the chain has told everybody. A fault of ours is tried again.
    sendAgain().catch(() => undefined);
  });
  pool.onAccepted(({ transaction }, source, replaced) => {
    // What the last run left was told of then; of what a reorganization undid, the wallet tells when it has followed.
    const isNews = ![FROM_FILE, FROM_WALLET, FROM_CHAIN].includes(source);
    wallet.noteTransaction(transaction, { isNews, replaced: replaced.map(({ txid }) => txid) });
  });
}

function logChange({ disconnected, connected, tip }: ChainChange, log: Logger): void {
  if (disconnected.length > 0) {
    log.info(
      { undone: disconnected.length, connected: connected.length, height: tip.height },
      'chain reorganized',
    );
  }
  log.debug({ height: tip.height, hash: tip.hash, transactions: tip.transactionCount }, 'new tip');
}

/** Mines for the owner of the key named, or for the wallet. Returns the private key only if it was made just now. */
async function startMining(
  config: NodeConfig,
  { miner, wallet, network, params }: NodeServices,
  opened: Opened,
): Promise<Uint8Array | undefined> {
  const own = config.publicKey === undefined ? await wallet.miningKey() : undefined;
  const lockingScript = own ? payToPublicKey(own.publicKey) : readPayee(config.publicKey!, params);
  const begin = () => {
    if (!miner.status().mining) miner.start({ threads: config.threads, lockingScript });
  };
  const timer = setTimeout(() => network.state() === 'bootstrapping' && begin(), ALONE_MS);
  opened('wait for peers', async () => clearTimeout(timer));
  if (!network.hasAnyoneToDial || network.state() === 'running') begin();
  // Who mines on an old tip makes blocks that nobody will keep.
  else network.onState((state) => state === 'running' && begin());
  return own?.privateKey;
}

async function closeAll(closers: readonly Closer[], log: Logger): Promise<void> {
  for (const { what, close } of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      log.error({ err: error }, `cannot close the ${what} in order`);
    }
  }
}
