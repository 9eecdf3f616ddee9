import { hashToHex } from '../bytes/hex.ts';
import type { BlockNode } from '../chain/blockNode.ts';
import type { Chain } from '../chain/chain.ts';
import { bitsToTarget } from '../primitives/target.ts';

/** Bitcoin Core's header fields (getblockheader). */
export function describeHeader(chain: Chain, node: BlockNode): Record<string, unknown> {
  const { header } = node;
  const isActive = chain.isActive(node);
  const next = isActive ? chain.nodeAt(node.height + 1) : undefined;
  return {
    hash: node.hash,
    confirmations: isActive ? chain.tip.height - node.height + 1 : -1,
    height: node.height,
    version: header.version,
    versionHex: (header.version >>> 0).toString(16).padStart(8, '0'),
    merkleroot: hashToHex(header.merkleRoot),
    time: header.timeSec,
    mediantime: chain.medianTime(node),
    nonce: header.nonce,
    bits: bitsHex(header.bits),
    target: targetHex(header.bits),
    difficulty: difficultyOf(header.bits),
    chainwork: workHex(node.chainWork),
    nTx: node.transactionCount,
    ...(node.parent && { previousblockhash: node.parent.hash }),
    ...(next && { nextblockhash: next.hash }),
  };
}

export function bitsHex(bits: number): string {
  return bits.toString(16).padStart(8, '0');
}

export function targetHex(bits: number): string {
  return (bitsToTarget(bits) ?? 0n).toString(16).padStart(64, '0');
}

export function workHex(work: bigint): string {
  return work.toString(16).padStart(64, '0');
}

/** How many times harder than Bitcoin's easiest target, 1d00ffff (Bitcoin Core's GetDifficulty). */
export function difficultyOf(bits: number): number {
  return (0xffff / (bits & 0xff_ffff)) * 256 ** (0x1d - (bits >>> 24));
}
