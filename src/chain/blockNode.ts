import { bytesToKey, keyToBytes } from '../bytes/bytes.ts';
import { hashToHex, hexToHash } from '../bytes/hex.ts';
import { ancestorAt, type HeaderNode, skipHeight } from '../consensus/headerNode.ts';
import { type BlockHeader, decodeHeader } from '../primitives/header.ts';
import { bitsToTarget, workOfTarget } from '../primitives/target.ts';
import type { InvalidBy } from '../store/headerRecord.ts';

/** What a node keeps of its header. */
export type NodeHeader = Readonly<{
  /** As people read it. */
  hash: string;
  version: number;
  timeSec: number;
  bits: number;
  /** The 80 bytes as bytesToKey makes them. */
  headerKey: string;
}>;

/**
 * A header in the tree, and what is known of its block. There is one for every header ever accepted, so it is kept small:
 * the rarely needed parts of the header are decoded on demand.
 */
export class BlockNode implements HeaderNode {
  /** As people read it. */
  readonly hash: string;
  readonly height: number;
  readonly version: number;
  readonly timeSec: number;
  readonly bits: number;
  /** Hashes that went into the chain up to and with this block, on average. */
  readonly chainWork: bigint;
  readonly parent: BlockNode | undefined;
  readonly skip: BlockNode | undefined;
  /** The 80 bytes as a string: typed arrays of their own cost half a kilobyte each. */
  readonly #headerKey: string;

  /** 0 until the body was there for the first time; it stays when the body is pruned. */
  transactionCount = 0;
  /** Size of the whole block; 0 while unknown. */
  bodyBytes = 0;
  undoBytes = 0;
  /** Ids in the block store; 0 while not there. */
  bodyId = 0;
  undoId = 0;
  /** Stood in the active chain once, and that was committed: all its rules were asked. */
  wasConnected = false;
  /** Breaks a rule, or its owner will not have it (`invalidateblock`); or it descends from such a block. */
  invalidBy: InvalidBy | undefined = undefined;
  /**
   * When the bodies of this block and all its ancestors were there for the first time, as a running number: among chains
   * of equal work the lowest wins. 0 while one is missing.
   */
  linkedOrder = 0;

  constructor(header: NodeHeader, parent: BlockNode | undefined) {
    this.hash = header.hash;
    this.height = parent ? parent.height + 1 : 0;
    this.version = header.version;
    this.timeSec = header.timeSec;
    this.bits = header.bits;
    this.chainWork = (parent?.chainWork ?? 0n) + workOfBits(header.bits);
    this.parent = parent;
    this.skip = parent && ancestorAt(parent, skipHeight(this.height));
    this.#headerKey = header.headerKey;
  }

  get headerBytes(): Uint8Array {
    return keyToBytes(this.#headerKey);
  }

  get header(): BlockHeader {
    return decodeHeader(this.headerBytes);
  }

  /** 32 bytes in wire order. */
  get hashBytes(): Uint8Array {
    return hexToHash(this.hash);
  }

  /** Whether the body can be read. That of the genesis block is no record, but part of the network's parameters. */
  get hasBody(): boolean {
    return this.bodyId !== 0 || this.parent === undefined;
  }

  get isInvalid(): boolean {
    return this.invalidBy !== undefined;
  }

  /** Whether the body was ever here: its rules were asked, and it need not be fetched again when it is pruned. */
  get hadBody(): boolean {
    return this.transactionCount > 0;
  }

  get isPruned(): boolean {
    return this.hadBody && !this.hasBody;
  }
}

export function nodeHeaderOf({ hash, version, timeSec, bits, bytes }: BlockHeader): NodeHeader {
  return { hash: hashToHex(hash), version, timeSec, bits, headerKey: bytesToKey(bytes) };
}

/** Of the bits that were asked for last: they change every few thousand blocks only, and a division of such numbers is slow. */
let last = { bits: 0, work: 0n };

/** The work of one block with these bits. */
export function workOfBits(bits: number): bigint {
  if (bits === last.bits) return last.work;
  const target = bitsToTarget(bits);
  const work = target === undefined ? 0n : workOfTarget(target);
  last = { bits, work };
  return work;
}
