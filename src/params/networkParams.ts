import type { Block } from '../primitives/block.ts';

/** How soft forks are voted on (BIP9). */
export type Signalling = Readonly<{
  windowBlocks: number;
  /** How many blocks of a window must signal. */
  threshold: number;
}>;

/** A soft fork that miners switch on by a version bit (BIP9). */
export type Deployment = Signalling &
  Readonly<{
    name: string;
    /** 0..28; miners roll those from 13 on for their own ends (BIP320). */
    bit: number;
    /** Seconds since 1970, held against the median time. */
    startTimeSec: number;
    timeoutSec: number;
  }>;

/** Everything in which one network differs from another. Frozen data: nothing here is ever computed or changed later. */
export type NetworkParams = Readonly<{
  name: string;
  /** Four bytes between the blocks of an export file. The wire has none: protocol names carry the network's name. */
  magic: Uint8Array;
  genesis: Block;
  /** As people read it. */
  genesisHash: string;
  /** The largest target allowed, and its compact form. */
  easiestBits: number;
  easiestTarget: bigint;
  spacingSec: number;
  /** Blocks between two adjustments of the target; 0: never. */
  retargetBlocks: number;
  /** Base units that a block made before the first halving may create. */
  subsidy: bigint;
  halvingBlocks: number;
  coinbaseMaturity: number;
  maxBlockBytes: number;
  /** Human-readable part of an address (bech32m). */
  addressPrefix: string;
  seedPort: number;
  rpcPort: number;
  /** `host:port`, multiaddr or `/dnsaddr/…`: on top of the network's file in `bootstrap/`. */
  seeds: readonly string[];
  /** A header chain with less is not looked at, however long. */
  minimumChainWork: bigint;
  deployments: readonly Deployment[];
  /** What is expected of soft forks that are not among the deployments, to notice when one comes about. */
  unknownSignalling: Signalling;
}>;

/** The time of a deployment that waits for ever. */
export const NO_TIMEOUT = Number.MAX_SAFE_INTEGER;

/** Base units to a coin. */
export const COIN = 100_000_000n;
/** No amount and no sum of amounts may exceed this (CVE-2010-5139). */
export const MAX_MONEY = 21_000_000n * COIN;
