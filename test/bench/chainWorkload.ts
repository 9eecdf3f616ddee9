import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payToPublicKey, unlockingScript } from '../../src/consensus/lockingScript.ts';
import { signatureHash } from '../../src/consensus/signatureHash.ts';
import { publicKeyOf } from '../../src/crypto/keys.ts';
import { encodeSignature } from '../../src/crypto/signature.ts';
import { writeBlockFile } from '../../src/node/blockFile.ts';
import { regtest } from '../../src/params/regtest.ts';
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionFields,
} from '../../src/primitives/transaction.ts';
import { after, COIN, FINAL, outpoint, solvedBlock } from '../support/blocks.ts';

/** A file of blocks in the system's folder for temporary files, made once and the same on every machine. */
export type Workload = Readonly<{ file: string; stretches: readonly Stretch[] }>;

/** Blocks that are looked at together, up to and with a height. */
export type Stretch = Readonly<{ name: string; upTo: number; inputs: number }>;

export const EMPTY = 'near-empty';
export const FULL = 'full';
export const LARGE = '3 MB';

const EMPTY_BLOCKS = 5000;
/** Until the first coinbases can be spent, and a few more. */
const TRUNK_BLOCKS = 120;
const FULL_BLOCKS = 25;
const LARGE_BLOCKS = 3;
const PAYMENTS = 4200;
const LARGE_PAYMENTS = 14_000;
/** As many outputs as fit into a transaction, and transactions of them into a block. */
const FAN_OUT = 2200;
const FAN_OUTS_A_BLOCK = 24;
/** Of the blocks at either size of the coin set. */
const PROBE_BLOCKS = 10;
export const FEW_COINS = 100_000;
/** Coprime to any number of coins here: multiples of it reach all of them in an order that no cache foresees. */
const STRIDE = 15_485_863;

const privateKey = new Uint8Array(32).fill(7);
export const lockingScript = payToPublicKey(publicKeyOf(privateKey));

/** Signs ten times as fast as what the wallet uses, and as deterministically (RFC 6979). */
const native: { ecdsaSign(digest: Uint8Array, key: Uint8Array): { signature: Uint8Array } } = createRequire(
  import.meta.url,
)('secp256k1/bindings.js');

/** Near-empty blocks, a fan-out, blocks full of payments with one input and two outputs, and some as large as can be. */
export async function basicWorkload(): Promise<Workload> {
  const coins = FULL_BLOCKS * PAYMENTS + LARGE_BLOCKS * LARGE_PAYMENTS;
  const fanOutBlocks = Math.ceil(Math.ceil(coins / FAN_OUT) / FAN_OUTS_A_BLOCK);
  const full = EMPTY_BLOCKS + fanOutBlocks + FULL_BLOCKS;
  return {
    file: await fileOf('basic-2', basicBlocks(coins)),
    stretches: [
      { name: EMPTY, upTo: EMPTY_BLOCKS, inputs: 0 },
      { name: 'fan-out', upTo: EMPTY_BLOCKS + fanOutBlocks, inputs: Math.ceil(coins / FAN_OUT) },
      { name: FULL, upTo: full, inputs: FULL_BLOCKS * PAYMENTS },
      { name: LARGE, upTo: full + LARGE_BLOCKS, inputs: LARGE_BLOCKS * LARGE_PAYMENTS },
    ],
  };
}

/** The same payments twice: with 100,000 coins in the set, and with many. */
export async function coinsWorkload(coins: number): Promise<Workload> {
  const blocksOf = (count: number) => Math.ceil(Math.ceil(count / FAN_OUT) / FAN_OUTS_A_BLOCK);
  const few = 102 + blocksOf(FEW_COINS);
  const many = few + PROBE_BLOCKS + blocksOf(coins - FEW_COINS);
  const inputs = PROBE_BLOCKS * PAYMENTS;
  return {
    file: await fileOf(`coins-2-${coins}`, coinsBlocks(coins)),
    stretches: [
      { name: 'fan-out', upTo: few, inputs: 0 },
      { name: `${FEW_COINS} coins`, upTo: few + PROBE_BLOCKS, inputs },
      { name: 'more fan-out', upTo: many, inputs: 0 },
      { name: `${coins} coins`, upTo: many + PROBE_BLOCKS, inputs },
    ],
  };
}

/** Coins enough, and two blocks as large as can be at the end, each full of payments that a mempool would take. */
export async function propagationWorkload(): Promise<Workload> {
  const coins = 2 * LARGE_PAYMENTS;
  const fanOutBlocks = Math.ceil(Math.ceil(coins / FAN_OUT) / FAN_OUTS_A_BLOCK);
  const trunk = TRUNK_BLOCKS + fanOutBlocks;
  return {
    file: await fileOf('propagation-1', propagationBlocks(coins)),
    stretches: [
      { name: 'fan-out', upTo: trunk, inputs: 0 },
      { name: LARGE, upTo: trunk + 2, inputs: coins },
    ],
  };
}

export async function emptyWorkload(blocks: number): Promise<Workload> {
  const file = await fileOf(`empty-${blocks}`, emptyBlocks(blocks));
  return { file, stretches: [{ name: EMPTY, upTo: blocks, inputs: 0 }] };
}

async function fileOf(name: string, blocks: AsyncIterable<Uint8Array>): Promise<string> {
  const file = join(tmpdir(), `indiecoin-bench-${name}.dat`);
  if (existsSync(file)) return file;
  console.log(`making ${file}, once…`);
  await writeBlockFile(file, blocks, regtest);
  return file;
}

async function* basicBlocks(coins: number): AsyncGenerator<Uint8Array> {
  const chain = new ChainMaker();
  for (let i = 0; i < EMPTY_BLOCKS; i++) yield chain.next();
  const fanOuts: Transaction[] = [];
  for (let left = coins; left > 0; left -= FAN_OUT) {
    const coinbase = chain.coinbases[fanOuts.length]!;
    fanOuts.push(payment(coinbase, new Array<bigint>(Math.min(FAN_OUT, left)).fill(2_000_000n)));
  }
  const spendable = fanOuts.flatMap(({ hash, outputs }) =>
    outputs.map((_, index) => ({ txHash: hash, index })),
  );
  while (fanOuts.length > 0) yield chain.next(fanOuts.splice(0, FAN_OUTS_A_BLOCK));
  const pay = (count: number) =>
    spendable.splice(0, count).map((coin) => payment(coin, [1_000_000n, 900_000n]));
  for (let i = 0; i < FULL_BLOCKS; i++) yield chain.next(pay(PAYMENTS));
  for (let i = 0; i < LARGE_BLOCKS; i++) yield chain.next(pay(LARGE_PAYMENTS));
}

/** Every coin is an output of an output of one coinbase: 2,200 × 2,200 of them at most. */
async function* coinsBlocks(coins: number): AsyncGenerator<Uint8Array> {
  const chain = new ChainMaker();
  for (let i = 0; i < 101; i++) yield chain.next();
  const trunk = payment(chain.coinbases[0]!, new Array<bigint>(FAN_OUT).fill((50n * COIN) / BigInt(FAN_OUT)));
  yield chain.next([trunk]);
  let branch = 0;
  for (const count of [FEW_COINS, coins - FEW_COINS]) {
    const hashes: Uint8Array[] = [];
    for (let left = Math.ceil(count / FAN_OUT); left > 0; left -= FAN_OUTS_A_BLOCK) {
      const size = Math.min(FAN_OUTS_A_BLOCK, left);
      const fanOuts = Array.from({ length: size }, () =>
        payment(outpoint(trunk, branch++), new Array<bigint>(FAN_OUT).fill(1000n)),
      );
      hashes.push(...fanOuts.map(({ hash }) => hash));
      yield chain.next(fanOuts);
    }
    const total = hashes.length * FAN_OUT;
    for (let i = 0; i < PROBE_BLOCKS; i++) {
      const picks = Array.from({ length: PAYMENTS }, (_, k) => ((i * PAYMENTS + k) * STRIDE) % total);
      const coinAt = (at: number) => ({ txHash: hashes[Math.floor(at / FAN_OUT)]!, index: at % FAN_OUT });
      yield chain.next(picks.map((at) => payment(coinAt(at), [500n, 400n])));
    }
  }
}

async function* propagationBlocks(coins: number): AsyncGenerator<Uint8Array> {
  const chain = new ChainMaker();
  for (let i = 0; i < TRUNK_BLOCKS; i++) yield chain.next();
  const spendable: Outpoint[] = [];
  const fanOuts: Transaction[] = [];
  for (let left = coins; left > 0; left -= FAN_OUT) {
    const amounts = new Array<bigint>(Math.min(FAN_OUT, left)).fill(2_000_000n);
    const fanOut = payment(chain.coinbases[fanOuts.length]!, amounts);
    fanOuts.push(fanOut);
    spendable.push(...amounts.map((_, index) => outpoint(fanOut, index)));
  }
  while (fanOuts.length > 0) yield chain.next(fanOuts.splice(0, FAN_OUTS_A_BLOCK));
  for (let i = 0; i < 2; i++) {
    const coinsOfBlock = spendable.splice(0, LARGE_PAYMENTS);
    yield chain.next(coinsOfBlock.map((coin) => payment(coin, [1_000_000n, 900_000n])));
  }
}

async function* emptyBlocks(count: number): AsyncGenerator<Uint8Array> {
  const chain = new ChainMaker();
  for (let i = 0; i < count; i++) yield chain.next();
}

/** Makes one block on top of the other. */
class ChainMaker {
  /** Of the first blocks. */
  readonly coinbases: Outpoint[] = [];
  #parent = regtest.genesis;
  #height = 0;

  next(transactions: readonly Transaction[] = []): Uint8Array {
    const height = ++this.#height;
    const amount = height < 150 ? 50n * COIN : 0n;
    const block = solvedBlock({ parent: after(this.#parent), height, lockingScript, amount, transactions });
    this.#parent = block;
    if (this.coinbases.length < 150) this.coinbases.push(outpoint(block.transactions[0]!));
    return block.bytes;
  }
}

function payment(from: Outpoint, amounts: readonly bigint[]): Transaction {
  const fields: TransactionFields = {
    version: 1,
    inputs: [{ outpoint: from, unlockingScript: new Uint8Array(), sequence: FINAL }],
    outputs: amounts.map((amount) => ({ amount, lockingScript })),
    lockTime: 0,
  };
  const { signature } = native.ecdsaSign(signatureHash(fields, 0, lockingScript), privateKey);
  const [input] = fields.inputs;
  return makeTransaction({
    ...fields,
    inputs: [{ ...input!, unlockingScript: unlockingScript(encodeSignature(signature)) }],
  });
}
