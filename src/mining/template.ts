import { hexToHash } from '../bytes/hex.ts';
import { maxPublicKeyOutputs } from '../consensus/checkBlock.ts';
import { minTimeAgainstTimewarp, nextBits } from '../consensus/checkHeader.ts';
import { coinbaseHeightScript } from '../consensus/coinbaseHeight.ts';
import { type HeaderNode, medianTime } from '../consensus/headerNode.ts';
import { parseLockingScript } from '../consensus/lockingScript.ts';
import { subsidyAt } from '../consensus/subsidy.ts';
import { signallingVersion } from '../consensus/versionBits.ts';
import type { MempoolEntry } from '../mempool/mempoolEntry.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { type Block, makeBlock } from '../primitives/block.ts';
import { HEADER_BYTES, type HeaderFields, makeHeader } from '../primitives/header.ts';
import { COINBASE_INDEX, makeTransaction, type Transaction } from '../primitives/transaction.ts';
import { merkleBranch, rootOfBranch } from './merkleBranch.ts';

/** A block that lacks only its nonce. */
export type BlockTemplate = Readonly<{
  height: number;
  /** The nonce is 0. */
  header: HeaderFields;
  /** The coinbase first. */
  transactions: readonly Transaction[];
  /** Those behind the coinbase, in the same order. */
  entries: readonly MempoolEntry[];
  /** The least time that the rules allow. */
  minTimeSec: number;
  /** Base units, of all transactions together. */
  fees: bigint;
  /** From the coinbase to the merkle root. */
  branch: readonly Uint8Array[];
}>;

export type TemplateOptions = Readonly<{
  parent: HeaderNode & Readonly<{ hash: string }>;
  /** Valid in the block after `parent`, in the order in which they should go in, parents before children. */
  entries: Iterable<MempoolEntry>;
  params: NetworkParams;
  /** Where the subsidy and the fees go. */
  lockingScript: Uint8Array;
  /** The clock. */
  timeSec: number;
  extraNonce: bigint;
}>;

/** The most that the count of transactions takes. */
const COUNT_BYTES = 5;
export const EXTRA_NONCE_BYTES = 8;
/** The largest that leaves the lock time in force. */
const SEQUENCE_LOCKED = 0xffff_fffe;
/** So many in a row that do not fit mean that the block is full. */
const MAX_MISFITS = 1000;

/** The best block to mine after `parent`. */
export function buildTemplate(options: TemplateOptions): BlockTemplate {
  const { parent, params, lockingScript, extraNonce } = options;
  const height = parent.height + 1;
  const subsidy = subsidyAt(height, params);
  // Only its length counts while the others are chosen: the amount has always 8 bytes.
  const draft = makeCoinbase(height, extraNonce, lockingScript, subsidy);
  const { chosen, fees } = chooseTransactions(options.entries, draft, params);
  const coinbase = makeCoinbase(height, extraNonce, lockingScript, subsidy + fees);
  const transactions = [coinbase, ...chosen.map(({ transaction }) => transaction)];
  const branch = merkleBranch(transactions.map(({ hash }) => hash));
  const minTimeSec = minTime(parent, params);
  const header = {
    version: signallingVersion(parent, params),
    previousHash: hexToHash(parent.hash),
    merkleRoot: rootOfBranch(coinbase.hash, branch),
    timeSec: Math.max(options.timeSec, minTimeSec),
    bits: nextBits(parent, params),
    nonce: 0,
  };
  return { height, header, transactions, entries: chosen, minTimeSec, fees, branch };
}

/** The same block with another coinbase: a thread that has it works on hashes that no other thread tries. */
export function withExtraNonce(template: BlockTemplate, extraNonce: bigint): BlockTemplate {
  return withCoinbase(template, template.transactions[0]!.outputs[0]!.lockingScript, extraNonce);
}

/** The same block for another payee. The two locks must be of one length. */
export function withCoinbase(
  template: BlockTemplate,
  lockingScript: Uint8Array,
  extraNonce: bigint,
): BlockTemplate {
  const [former, ...others] = template.transactions;
  const { amount } = former!.outputs[0]!;
  const coinbase = makeCoinbase(template.height, extraNonce, lockingScript, amount);
  const header = { ...template.header, merkleRoot: rootOfBranch(coinbase.hash, template.branch) };
  return { ...template, header, transactions: [coinbase, ...others] };
}

/** The same block at the time of another clock, as far as the rules allow. */
export function withTime(template: BlockTemplate, clockSec: number): BlockTemplate {
  const timeSec = Math.max(clockSec, template.minTimeSec);
  return { ...template, header: { ...template.header, timeSec } };
}

/** The bytes of the coinbase before and behind its extra nonce, which takes EXTRA_NONCE_BYTES between them. */
export function splitCoinbase({ height, transactions }: BlockTemplate): [Uint8Array, Uint8Array] {
  const { bytes } = transactions[0]!;
  // Version, count, outpoint and the script's length; the push of the height, and the length of the extra nonce.
  const start = 4 + 1 + 36 + 1 + coinbaseHeightScript(height).length + 1;
  return [bytes.subarray(0, start), bytes.subarray(start + EXTRA_NONCE_BYTES)];
}

/** The block, when a nonce has been found for it. */
export function blockOfTemplate({ header, transactions }: BlockTemplate, nonce: number): Block {
  return makeBlock(makeHeader({ ...header, nonce }), transactions);
}

/** The least time that a block after `parent` may have. */
function minTime(parent: HeaderNode, params: NetworkParams): number {
  return Math.max(medianTime(parent) + 1, minTimeAgainstTimewarp(parent, params));
}

/**
 * The transaction that makes new coins. Its unlocking script is the height (BIP34) and then a push of 8 bytes, the extra
 * nonce: with it the merkle root changes, and all nonces of the header can be tried anew. It is locked until the block
 * before, as BIP54 asks where it is active; elsewhere that is allowed.
 */
function makeCoinbase(
  height: number,
  extraNonce: bigint,
  lockingScript: Uint8Array,
  amount: bigint,
): Transaction {
  const extra = Buffer.alloc(EXTRA_NONCE_BYTES);
  extra.writeBigUInt64LE(extraNonce);
  const unlockingScript = Uint8Array.of(...coinbaseHeightScript(height), EXTRA_NONCE_BYTES, ...extra);
  const outpoint = { txHash: new Uint8Array(32), index: COINBASE_INDEX };
  return makeTransaction({
    version: 1,
    inputs: [{ outpoint, unlockingScript, sequence: SEQUENCE_LOCKED }],
    outputs: [{ amount, lockingScript }],
    lockTime: height - 1,
  });
}

/** As many as the block's limits of bytes and of public-key outputs let in, first come, first served. */
function chooseTransactions(
  entries: Iterable<MempoolEntry>,
  coinbase: Transaction,
  params: NetworkParams,
): { chosen: MempoolEntry[]; fees: bigint } {
  let roomBytes = params.maxBlockBytes - HEADER_BYTES - COUNT_BYTES - coinbase.bytes.length;
  let roomOutputs = maxPublicKeyOutputs(params) - publicKeyOutputs(coinbase);
  const included = new Set<MempoolEntry>();
  const chosen: MempoolEntry[] = [];
  let fees = 0n;
  let misfits = 0;
  for (const entry of entries) {
    const { transaction, fee, parents } = entry;
    const outputs = publicKeyOutputs(transaction);
    const fits = transaction.bytes.length <= roomBytes && outputs <= roomOutputs;
    // Without the parent, which did not fit, the child would spend a coin that does not exist.
    if (!fits || [...parents].some((parent) => !included.has(parent))) {
      if (++misfits === MAX_MISFITS) break;
      continue;
    }
    misfits = 0;
    included.add(entry);
    chosen.push(entry);
    roomBytes -= transaction.bytes.length;
    roomOutputs -= outputs;
    fees += fee;
  }
  return { chosen, fees };
}

/** What Bitcoin counts as signature operations. */
export function publicKeyOutputs({ outputs }: Transaction): number {
  return outputs.filter(({ lockingScript }) => parseLockingScript(lockingScript)?.type === 'public-key')
    .length;
}
