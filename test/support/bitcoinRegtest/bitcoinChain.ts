import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getPublicKey } from '@noble/secp256k1';
import { payToPublicKey, unlockingScript } from '../../../src/consensus/lockingScript.ts';
import { signatureHash } from '../../../src/consensus/signatureHash.ts';
import { signDigest } from '../../../src/crypto/keys.ts';
import { parseNetworkFile } from '../../../src/params/networkFile.ts';
import type { Block } from '../../../src/primitives/block.ts';
import type { HeaderFields } from '../../../src/primitives/header.ts';
import {
  makeTransaction,
  type Outpoint,
  outpointKey,
  type Transaction,
  type TransactionFields,
  type TransactionOutput,
} from '../../../src/primitives/transaction.ts';
import { after, coinbase, FINAL, solvedBlock } from '../blocks.ts';

/** The network file, where the compiled tests find it. */
export const NETWORK_FILE = fileURLToPath(
  new URL('../../../../test/vectors/bitcoin-regtest.toml', import.meta.url),
);
export const bitcoinRegtest = parseNetworkFile(readFileSync(NETWORK_FILE, 'utf8'));

export const SPACING_SEC = 600;
export const POOL_AMOUNT = 10_000_000n;

const PRIVATE_KEY = new Uint8Array(32).fill(0x11);
export const OTHER_PRIVATE_KEY = new Uint8Array(32).fill(0x22);
/** The kinds of coins that the cases spend. */
export const LOCKS = {
  /** A 33-byte key. */
  short: payToPublicKey(getPublicKey(PRIVATE_KEY, true)),
  /** A 65-byte key. */
  long: payToPublicKey(getPublicKey(PRIVATE_KEY, false)),
  /** A key that may be paid to but is no point of the curve: there is no y for x = 5. */
  offCurve: payToPublicKey(Uint8Array.of(2, ...new Uint8Array(31), 5)),
  reserved: Uint8Array.of(0x52, 0x02, 0x01, 0x01),
} as const;
export type LockName = keyof typeof LOCKS;

export type Funds = Readonly<{
  outpoint: Outpoint;
  amount: bigint;
  lock: LockName;
  height: number;
  isCoinbase: boolean;
}>;

export type PaymentInput = Readonly<{
  funds: Funds;
  sequence?: number;
  /** Makes the unlocking script of the DER signature; as it should be if not given. */
  unlock?: (der: Uint8Array) => Uint8Array;
  privateKey?: Uint8Array;
}>;

export type PaymentChanges = Partial<Pick<TransactionFields, 'version' | 'lockTime'>> &
  Readonly<{ tamper?: (signed: TransactionFields) => TransactionFields }>;

/** A transaction signed input by input; `tamper` bends it afterwards. */
export function pay(
  inputs: readonly PaymentInput[],
  outputs: readonly TransactionOutput[],
  { tamper = (it) => it, ...changes }: PaymentChanges = {},
): Transaction {
  const unsigned: TransactionFields = {
    version: 1,
    lockTime: 0,
    ...changes,
    outputs,
    inputs: inputs.map(({ funds, sequence = FINAL }) => ({
      outpoint: funds.outpoint,
      unlockingScript: new Uint8Array(),
      sequence,
    })),
  };
  const signed = unsigned.inputs.map((input, i) => {
    const { funds, unlock, privateKey = PRIVATE_KEY } = inputs[i]!;
    if (funds.lock === 'reserved' && !unlock) return input;
    const der = signDigest(signatureHash(unsigned, i, LOCKS[funds.lock]), privateKey);
    return { ...input, unlockingScript: (unlock ?? unlockingScript)(der) };
  });
  return makeTransaction(tamper({ ...unsigned, inputs: signed }));
}

export function output(amount: bigint, lock: LockName = 'short'): TransactionOutput {
  return { amount, lockingScript: LOCKS[lock] };
}

export type BlockChanges = Readonly<{
  transactions?: readonly Transaction[];
  header?: Partial<HeaderFields>;
  coinbase?: Transaction;
  /** What the coinbase takes beyond the subsidy. */
  fees?: bigint;
  parent?: Block;
  height?: number;
}>;

/** A valid chain under Bitcoin's regtest parameters that grows block by block, and the coins on it that can be spent. */
export class BitcoinChain {
  readonly blocks: Block[] = [];
  readonly #coins = new Map<string, Funds>();

  /** Of the block to come. */
  get height(): number {
    return this.blocks.length + 1;
  }

  get tip(): Block {
    return this.blocks.at(-1) ?? bitcoinRegtest.genesis;
  }

  get subsidy(): bigint {
    return (50n * 100_000_000n) >> BigInt(Math.floor(this.height / 150));
  }

  /** The median of the times of the eleven blocks up to this height. */
  medianTimeAt(height = this.blocks.length): number {
    const times = [bitcoinRegtest.genesis, ...this.blocks]
      .slice(Math.max(0, height - 10), height + 1)
      .map(({ header }) => header.timeSec)
      .sort((a, b) => a - b);
    return times[times.length >> 1]!;
  }

  /** A coin of the pool, the n-th of its kind. */
  coin(lock: LockName = 'short', n = 0): Funds {
    let left = n;
    for (const funds of this.#coins.values()) {
      if (funds.lock === lock && !funds.isCoinbase && funds.amount === POOL_AMOUNT && left-- === 0)
        return funds;
    }
    throw new RangeError(`no coin with a ${lock} lock is left`);
  }

  /** The coinbase output of the block of this height. */
  coinbaseOf(height: number): Funds {
    const { hash, outputs } = this.blocks[height - 1]!.transactions[0]!;
    const lock = lockOf(outputs[0]!.lockingScript)!;
    return {
      outpoint: { txHash: hash, index: 0 },
      amount: outputs[0]!.amount,
      lock,
      height,
      isCoinbase: true,
    };
  }

  /** A coinbase for the block to come. */
  coinbase(
    outputs: readonly TransactionOutput[] = [output(this.subsidy)],
    changes: Partial<TransactionFields> & { extra?: Uint8Array } = {},
  ): Transaction {
    return coinbase(this.height, outputs, changes);
  }

  /** A solved block for the height to come, bent as asked; it is not added. */
  block({
    fees = 0n,
    parent = this.tip,
    header,
    height = this.height,
    ...changes
  }: BlockChanges = {}): Block {
    return solvedBlock({
      parent: after(parent),
      height,
      lockingScript: height % 2 === 0 ? LOCKS.short : LOCKS.long,
      amount: this.subsidy + fees,
      header: { version: 4, timeSec: parent.header.timeSec + SPACING_SEC, ...header },
      ...changes,
    });
  }

  /** The output of a transaction as funds, for the same block or later ones. */
  funds({ hash, outputs }: Transaction, index = 0, height = this.height): Funds {
    const { amount, lockingScript } = outputs[index]!;
    const lock = lockOf(lockingScript)!;
    return { outpoint: { txHash: hash, index }, amount, lock, height, isCoinbase: false };
  }

  add(block: Block): void {
    const { height } = this;
    this.blocks.push(block);
    for (const [n, transaction] of block.transactions.entries()) {
      for (const { outpoint } of transaction.inputs)
        this.#coins.delete(outpointKey(outpoint.txHash, outpoint.index));
      for (const [index, { lockingScript }] of transaction.outputs.entries()) {
        if (n === 0 || !lockOf(lockingScript)) continue;
        this.#coins.set(outpointKey(transaction.hash, index), this.funds(transaction, index, height));
      }
    }
  }
}

function lockOf(script: Uint8Array): LockName | undefined {
  const names = Object.keys(LOCKS) as LockName[];
  return names.find((name) => Buffer.compare(LOCKS[name], script) === 0);
}
