import { hashToNumber } from '../../src/bytes/hex.ts';
import { coinbaseHeightScript } from '../../src/consensus/coinbaseHeight.ts';
import { payToPublicKey, unlockingScript } from '../../src/consensus/lockingScript.ts';
import { signatureHash } from '../../src/consensus/signatureHash.ts';
import { generatePrivateKey, publicKeyOf, signDigest } from '../../src/crypto/keys.ts';
import { type Block, makeBlock } from '../../src/primitives/block.ts';
import { type BlockHeader, type HeaderFields, makeHeader } from '../../src/primitives/header.ts';
import { merkleRoot } from '../../src/primitives/merkle.ts';
import { bitsToTarget } from '../../src/primitives/target.ts';
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionFields,
  type TransactionOutput,
} from '../../src/primitives/transaction.ts';

/** Blocks and transactions made by hand for tests, at a difficulty where every other hash will do. */

export const REGTEST_BITS = 0x207fffff;
export const COIN = 100_000_000n;
export const FINAL = 0xffff_ffff;

export type Keys = Readonly<{ privateKey: Uint8Array; publicKey: Uint8Array; lockingScript: Uint8Array }>;

export function makeKeys(): Keys {
  const privateKey = generatePrivateKey();
  const publicKey = publicKeyOf(privateKey);
  return { privateKey, publicKey, lockingScript: payToPublicKey(publicKey) };
}

export function outpoint(transaction: Transaction, index = 0): Outpoint {
  return { txHash: transaction.hash, index };
}

/** What the coinbase's unlocking script has behind the height, so that no two tests share a txid by accident. */
export function coinbase(
  height: number,
  outputs: readonly TransactionOutput[],
  changes: Partial<TransactionFields> & { extra?: Uint8Array } = {},
): Transaction {
  const { extra = Uint8Array.of(0, 0), ...fields } = changes;
  return makeTransaction({
    version: 1,
    inputs: [
      {
        outpoint: { txHash: new Uint8Array(32), index: FINAL },
        unlockingScript: Uint8Array.of(...coinbaseHeightScript(height), ...extra),
        sequence: FINAL,
      },
    ],
    outputs,
    lockTime: 0,
    ...fields,
  });
}

export type Spendable = Readonly<{
  outpoint: Outpoint;
  lockingScript: Uint8Array;
  privateKey: Uint8Array;
  sequence?: number;
}>;

/** A payment with every input signed. */
export function signedTransaction(
  spends: readonly Spendable[],
  outputs: readonly TransactionOutput[],
  changes: Partial<Pick<TransactionFields, 'version' | 'lockTime'>> = {},
): Transaction {
  const unsigned: TransactionFields = {
    version: 1,
    inputs: spends.map((spend) => ({
      outpoint: spend.outpoint,
      unlockingScript: new Uint8Array(),
      sequence: spend.sequence ?? FINAL,
    })),
    outputs,
    lockTime: 0,
    ...changes,
  };
  const inputs = unsigned.inputs.map((input, i) => {
    const { lockingScript, privateKey } = spends[i]!;
    const signature = signDigest(signatureHash(unsigned, i, lockingScript), privateKey);
    return { ...input, unlockingScript: unlockingScript(signature) };
  });
  return makeTransaction({ ...unsigned, inputs });
}

/** A header with the first nonce from `nonce` on that meets its own bits. */
export function solve(fields: HeaderFields): BlockHeader {
  const target = bitsToTarget(fields.bits)!;
  for (let nonce = fields.nonce; ; nonce++) {
    const header = makeHeader({ ...fields, nonce });
    if (hashToNumber(header.hash) < target) return header;
  }
}

export type BlockPlan = Readonly<{
  parent: { hash: Uint8Array; timeSec: number };
  height: number;
  transactions?: readonly Transaction[];
  /** Whom the coinbase pays, and how much. */
  lockingScript: Uint8Array;
  amount?: bigint;
  header?: Partial<HeaderFields>;
  coinbase?: Transaction;
  extra?: Uint8Array;
}>;

/** A solved block; every part can be bent. */
export function solvedBlock(plan: BlockPlan): Block {
  const { parent, height, lockingScript, amount = 50n * COIN, extra } = plan;
  const first =
    plan.coinbase ?? coinbase(height, [{ amount, lockingScript }], extra === undefined ? {} : { extra });
  const transactions = [first, ...(plan.transactions ?? [])];
  const header = solve({
    version: 0x20000000,
    previousHash: parent.hash,
    merkleRoot: merkleRoot(transactions.map(({ hash }) => hash)).root,
    // A second apart, so that a long chain of them does not run ahead of the real clock.
    timeSec: parent.timeSec + 1,
    bits: REGTEST_BITS,
    nonce: 0,
    ...plan.header,
  });
  return makeBlock(header, transactions);
}

/** The parent's part of a plan. */
export function after(block: Block): { hash: Uint8Array; timeSec: number } {
  return { hash: block.header.hash, timeSec: block.header.timeSec };
}

/** A run of blocks with nothing but coinbases on top of a block. */
export function chainOfBlocks(
  from: Block,
  fromHeight: number,
  count: number,
  lockingScript: Uint8Array,
  extra?: Uint8Array,
): Block[] {
  const blocks: Block[] = [];
  let parent = from;
  for (let height = fromHeight + 1; height <= fromHeight + count; height++) {
    const halvings = BigInt(Math.floor(height / 150));
    const amount = (50n * COIN) >> halvings;
    parent = solvedBlock({ parent: after(parent), height, lockingScript, amount, ...(extra && { extra }) });
    blocks.push(parent);
  }
  return blocks;
}
