import type { Chain } from '../chain/chain.ts';
import type { Mempool } from '../mempool/mempool.ts';
import type { MempoolFiles } from '../mempool/mempoolFiles.ts';
import type { ProposalVerdict } from '../mining/checkProposal.ts';
import type { Miner } from '../mining/miner.ts';
import type { TemplateSource } from '../mining/templateSource.ts';
import type { Network } from '../network/network.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import type { Block } from '../primitives/block.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { NodeEvents } from './nodeEvents.ts';
import type { StratumStatus } from './stratumWorkers.ts';

/** The running node, as the RPC's methods reach it. */
export type NodeServices = Readonly<{
  params: NetworkParams;
  chain: Chain;
  mempool: Mempool;
  mempoolFiles: MempoolFiles;
  network: Network;
  miner: Miner;
  /** What external miners work on. */
  templates: TemplateSource;
  /** Whether a block on the tip, whose work is still to be done, would be valid. */
  checkProposal: (block: Block) => Promise<ProposalVerdict>;
  /** Whom external miners pay unless they say otherwise, as `--public-key` names it: an address or hex; undefined: the wallet. */
  publicKey: string | undefined;
  /** The door for mining machines, if there is one. */
  stratum: () => StratumStatus | undefined;
  wallet: Wallet;
  events: NodeEvents;
  /** How much each subsystem of the node logs. Throw for names that they do not know. */
  logLevels: Readonly<{
    names: () => readonly string[];
    get: (subsystem: string) => string;
    set: (subsystem: string, level: string) => void;
  }>;
  dataDir: string;
  logPath: string;
  startedAtSec: number;
  version: string;
  /** Which library verifies signatures. */
  engine: string;
  /** Signatures verified so far. */
  signatureChecks: () => number;
  /** Of the data directory's disk, as of the last look; undefined when nothing is watched. */
  freeDiskBytes: () => number | undefined;
  /** What the owner should know: sentences, none when all is well. */
  warnings: () => readonly string[];
  /** Begins an orderly end of the whole node, and returns at once. */
  stop: () => void;
}>;
