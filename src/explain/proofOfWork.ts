import { hashToHex, hashToNumber } from '../bytes/hex.ts';
import { sha256 } from '../bytes/sha256.ts';
import type { BlockHeader } from '../primitives/header.ts';
import { bitsToTarget, workOfTarget } from '../primitives/target.ts';

/** Bitcoin's easiest target: a difficulty of 1. */
const EASIEST_OF_BITCOIN = 0xffffn << 208n;

/** SHA-256 of SHA-256, and the form in which people write it. */
export type HashSteps = Readonly<{ bytes: number; first: Uint8Array; second: Uint8Array; shown: string }>;

/** How a header is hashed, and what that hash is held against. */
export type ProofOfWork = Readonly<{
  steps: HashSteps;
  bits: number;
  /** Undefined when `bits` stand for none. */
  target?: bigint;
  isBelow: boolean;
  /** How many times harder than Bitcoin's easiest target. */
  difficulty?: number;
  /** How many hashes it takes on average. */
  work?: bigint;
  /** Of all blocks up to this one. */
  chainWork?: bigint;
}>;

export function hashSteps(bytes: Uint8Array): HashSteps {
  const first = sha256(bytes);
  const second = sha256(first);
  return { bytes: bytes.length, first, second, shown: hashToHex(second) };
}

export function proofOfWork(header: BlockHeader, chainWork: bigint | undefined): ProofOfWork {
  const target = bitsToTarget(header.bits);
  return {
    steps: hashSteps(header.bytes),
    bits: header.bits,
    isBelow: target !== undefined && hashToNumber(header.hash) < target,
    ...(target !== undefined && {
      target,
      difficulty: Number(EASIEST_OF_BITCOIN) / Number(target),
      work: workOfTarget(target),
    }),
    ...(chainWork !== undefined && { chainWork }),
  };
}
