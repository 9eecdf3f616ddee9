import { concatBytes } from '../bytes/bytes.ts';
import { bytesToHex, hashToHex, hashToNumber } from '../bytes/hex.ts';
import { sha256d } from '../bytes/sha256.ts';
import { rootOfBranch } from '../mining/merkleBranch.ts';
import { type BlockTemplate, EXTRA_NONCE_BYTES, splitCoinbase } from '../mining/template.ts';
import { type Block, decodeBlock, encodeBlock } from '../primitives/block.ts';
import { type BlockHeader, makeHeader } from '../primitives/header.ts';
import { bitsToTarget } from '../primitives/target.ts';
import { decodeTransaction } from '../primitives/transaction.ts';
import { readHex, STRATUM_ERROR, StratumError } from './stratumMessage.ts';

/** Of the coinbase's extra nonce the first half is the connection's, the second the miner's. */
export const EXTRA_NONCE_1_BYTES = EXTRA_NONCE_BYTES / 2;
export const EXTRA_NONCE_2_BYTES = EXTRA_NONCE_BYTES - EXTRA_NONCE_1_BYTES;
/** The rules allow it; a share from further ahead is of a broken clock. */
const MAX_FUTURE_SEC = 7200;

/** What miners of one payee work on. */
export type StratumJob = Readonly<{
  id: string;
  /** The hash of the block that it builds on. */
  parent: string;
  template: BlockTemplate;
  /** The coinbase before and behind the extra nonce. */
  coinbase: readonly [Uint8Array, Uint8Array];
  target: bigint;
}>;

/** What a miner found. */
export type StratumShare = Readonly<{
  extraNonce2: Buffer;
  timeSec: number;
  nonce: number;
  /** The bits of the version that it may roll, as it rolled them (BIP310); undefined: as they were. */
  versionBits: number | undefined;
}>;

export function makeJob(id: string, template: BlockTemplate): StratumJob {
  const target = bitsToTarget(template.header.bits)!;
  const parent = hashToHex(template.header.previousHash);
  return { id, parent, template, coinbase: splitCoinbase(template), target };
}

/** The parameters of mining.notify. */
export function notifyParams({ id, template, coinbase }: StratumJob, isClean: boolean): unknown[] {
  const { header, branch } = template;
  return [
    id,
    swapWords(header.previousHash).toString('hex'),
    bytesToHex(coinbase[0]),
    bytesToHex(coinbase[1]),
    branch.map(bytesToHex),
    u32Hex(header.version >>> 0),
    u32Hex(header.bits),
    u32Hex(header.timeSec),
    isClean,
  ];
}

/** Reads the parameters of mining.submit behind the worker and the job. @throws StratumError */
export function readShare(params: readonly unknown[], versionMask: number): StratumShare {
  const extraNonce2 = readHex(params[2], EXTRA_NONCE_2_BYTES, 'extranonce2');
  const timeSec = readHex(params[3], 4, 'ntime').readUInt32BE();
  const nonce = readHex(params[4], 4, 'nonce').readUInt32BE();
  const versionBits =
    params[5] === undefined ? undefined : readHex(params[5], 4, 'version_bits').readUInt32BE();
  if (versionBits !== undefined && (versionBits & ~versionMask) !== 0) {
    throw new StratumError(STRATUM_ERROR.other, 'version_bits outside the mask');
  }
  return { extraNonce2, timeSec, nonce, versionBits };
}

/** The header that a share stands for, and its hash as a number. @throws StratumError when its time is out of bounds */
export function headerOfShare(
  { template, coinbase }: StratumJob,
  extraNonce1: Uint8Array,
  share: StratumShare,
  versionMask: number,
  nowSec: number,
): { header: BlockHeader; coinbaseBytes: Uint8Array; hash: bigint } {
  if (share.timeSec < template.minTimeSec || share.timeSec > nowSec + MAX_FUTURE_SEC) {
    throw new StratumError(STRATUM_ERROR.other, 'ntime out of range');
  }
  const coinbaseBytes = concatBytes(coinbase[0], extraNonce1, share.extraNonce2, coinbase[1]);
  const { header } = template;
  const { versionBits = header.version & versionMask } = share;
  const made = makeHeader({
    ...header,
    version: (header.version & ~versionMask) | versionBits,
    merkleRoot: rootOfBranch(sha256d(coinbaseBytes), template.branch),
    timeSec: share.timeSec,
    nonce: share.nonce,
  });
  return { header: made, coinbaseBytes, hash: hashToNumber(made.hash) };
}

/** The whole block. */
export function blockOfShare(
  { template }: StratumJob,
  header: BlockHeader,
  coinbaseBytes: Uint8Array,
): Block {
  const coinbase = decodeTransaction(coinbaseBytes);
  return decodeBlock(encodeBlock(header.bytes, [coinbase, ...template.transactions.slice(1)]));
}

/** Stratum sends the previous hash with the bytes of each of its eight words in the other order. */
function swapWords(hash: Uint8Array): Buffer {
  return Buffer.from(hash).swap32();
}

function u32Hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
