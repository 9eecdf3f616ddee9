import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashToHex } from '../../src/bytes/hex.ts';
import { Chain } from '../../src/chain/chain.ts';
import { checkSpend } from '../../src/consensus/checkSpend.ts';
import { payToPublicKey, unlockingScript } from '../../src/consensus/lockingScript.ts';
import { signatureHash } from '../../src/consensus/signatureHash.ts';
import { publicKeyOf } from '../../src/crypto/keys.ts';
import { encodeSignature } from '../../src/crypto/signature.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { readBlockFile } from '../../src/node/blockFile.ts';
import { regtest } from '../../src/params/regtest.ts';
import { type Block, decodeBlock } from '../../src/primitives/block.ts';
import {
  makeTransaction,
  type Outpoint,
  type Transaction,
  type TransactionFields,
} from '../../src/primitives/transaction.ts';
import { after, COIN, chainOfBlocks, FINAL, outpoint, solvedBlock } from '../support/blocks.ts';
import { NodeProcess } from '../support/nodeProcess.ts';
import { writeBootstrapFile } from '../support/workload.ts';

/** The workload: near-empty blocks, a fan-out, and blocks full of payments with one input and two outputs. */
const EMPTY_BLOCKS = 5000;
const FULL_BLOCKS = 25;
const PAYMENTS = 4200;
const FAN_OUT = 2200;
const FILE = join(tmpdir(), 'indiecoin-bench-chain-1.dat');
const REORGANIZED = 10;
const WINDOW = 256;

const privateKey = new Uint8Array(32).fill(7);
const lockingScript = payToPublicKey(publicKeyOf(privateKey));

/** Signs ten times as fast as what the wallet uses, and as deterministically (RFC 6979). */
const native: { ecdsaSign(digest: Uint8Array, key: Uint8Array): { signature: Uint8Array } } = createRequire(
  import.meta.url,
)('secp256k1/bindings.js');

type Phase = { name: string; inputs: number; blocks: number };

/** Imports, reorganizes and syncs the workload, and holds each against the verification engine alone in the same run. */
export async function run(): Promise<void> {
  if (!existsSync(FILE)) makeFile();
  const blocks: Block[] = [];
  for await (const { bytes } of readBlockFile(FILE, regtest, () => undefined))
    blocks.push(decodeBlock(bytes));
  const folder = mkdtempSync(join(tmpdir(), 'indiecoin-bench-'));
  const verifyPool = await VerifyPool.open();
  try {
    const engine = await engineAlone(verifyPool, blocks.slice(-5));
    console.log(`engine ${verifyPool.engine}, ${verifyPool.threads} threads: ${rate(engine)} checks/s alone`);
    const withoutIndex = await importAll(join(folder, 'plain'), verifyPool, blocks, false);
    console.log(`import without index: ${(withoutIndex / engine).toFixed(2)} of the engine alone`);
    const dataDir = join(folder, 'indexed');
    const withIndex = await importAll(dataDir, verifyPool, blocks, true);
    console.log(`import with index: ${(withIndex / engine).toFixed(2)} of the engine alone`);
    const synced = await sync(dataDir, join(folder, 'synced'));
    console.log(`sync of full blocks: ${(synced / withIndex).toFixed(2)} of import`);
    await reorganize(dataDir, verifyPool, blocks);
  } finally {
    await verifyPool.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function engineAlone(verifyPool: VerifyPool, blocks: readonly Block[]): Promise<number> {
  const coin = { amount: 10n * COIN, lockingScript, height: 1, isCoinbase: false };
  const context = { height: 10_000, medianTimeSec: 0, medianTimeAt: () => 0, params: regtest };
  const checks = blocks.flatMap(({ transactions }) =>
    transactions.slice(1).flatMap((transaction) => {
      const spend = checkSpend(transaction, [coin], context);
      return 'fee' in spend ? spend.checks : [];
    }),
  );
  await verifyPool.verify(checks.slice(0, 2000));
  const start = performance.now();
  const failing = await verifyPool.verify(checks);
  if (failing !== undefined) throw new Error('the workload has a bad signature');
  return (checks.length / (performance.now() - start)) * 1000;
}

async function importAll(
  dataDir: string,
  verifyPool: VerifyPool,
  blocks: readonly Block[],
  transactionIndex: boolean,
) {
  const chain = await Chain.open({ dataDir, params: regtest, verifyPool, transactionIndex });
  const raw = blocks.map(({ bytes }) => bytes);
  const empty = {
    name: `import, near-empty, ${transactionIndex ? 'with' : 'without'} index`,
    inputs: 0,
    blocks: EMPTY_BLOCKS,
  };
  await measured(empty, () => feed(chain, raw.slice(0, EMPTY_BLOCKS)));
  await feed(chain, raw.slice(EMPTY_BLOCKS, -FULL_BLOCKS));
  const full = { name: 'import, full', inputs: FULL_BLOCKS * PAYMENTS, blocks: FULL_BLOCKS };
  const seconds = await measured(full, () => feed(chain, raw.slice(-FULL_BLOCKS)));
  await chain.close();
  return full.inputs / seconds;
}

async function feed(chain: Chain, raw: readonly Uint8Array[]): Promise<void> {
  const waiting: Promise<unknown>[] = [];
  for (const bytes of raw) {
    waiting.push(
      chain.acceptBlock(decodeBlock(bytes), { requested: true, source: 'bench' }).then((verdict) => {
        if (verdict.status !== 'connected') throw new Error(JSON.stringify(verdict));
      }),
    );
    if (waiting.length >= WINDOW || bytes.length > 100_000) await waiting.shift();
  }
  await Promise.all(waiting);
}

/** The last ten full blocks undone, and eleven others with the same payments connected. */
async function reorganize(dataDir: string, verifyPool: VerifyPool, blocks: readonly Block[]): Promise<void> {
  const chain = await Chain.open({ dataDir, params: regtest, verifyPool });
  let parent = blocks.at(-REORGANIZED - 1)!;
  let height = blocks.length - REORGANIZED;
  const others = [...blocks.slice(-REORGANIZED), undefined].map((block) => {
    const transactions = block?.transactions.slice(1) ?? [];
    height++;
    parent = solvedBlock({
      parent: after(parent),
      height,
      lockingScript,
      amount: 0n,
      transactions,
      extra: Uint8Array.of(1, 9),
    });
    return parent;
  });
  chain.acceptHeaders(others.map(({ header }) => header));
  for (const block of others.slice(0, -1))
    await chain.acceptBlock(block, { requested: true, source: 'bench' });
  const inputs = REORGANIZED * PAYMENTS;
  const name = `reorganization, ${REORGANIZED} undone, ${REORGANIZED + 1} connected`;
  await measured({ name, inputs, blocks: REORGANIZED + 1 }, async () => {
    await chain.acceptBlock(others.at(-1)!, { requested: true, source: 'bench' });
  });
  if (chain.tip.hash !== hashToHex(others.at(-1)!.header.hash))
    throw new Error('the reorganization did not happen');
  await chain.close();
}

/** From another process over loopback. Returns inputs a second in the full blocks. */
async function sync(servedDir: string, dataDir: string): Promise<number> {
  const server = await NodeProcess.start({ dataDir: servedDir });
  const total = await server.height();
  const address = await server.listenAddress();
  const client = await NodeProcess.start({ dataDir, seeds: [address] });
  const reached = async (height: number) => {
    while ((await client.height()) < height) await sleep(5);
    return performance.now();
  };
  const first = await reached(1);
  const emptyDone = await reached(EMPTY_BLOCKS);
  const fullStart = await reached(total - FULL_BLOCKS);
  const done = await reached(total);
  const memory = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${client.pid}/status`, 'utf8'))?.[1];
  await client.stop();
  await server.stop();
  const inputs = (FULL_BLOCKS * PAYMENTS * 1000) / (done - fullStart);
  console.log(
    `sync: ${rate((EMPTY_BLOCKS * 1000) / (emptyDone - first))} near-empty blocks/s, ${rate(inputs)} inputs/s in full blocks, ` +
      `receiver at most ${(Number(memory) / 1000).toFixed(0)} MB`,
  );
  return inputs;
}

/** Prints what a phase cost. Returns its seconds. */
async function measured({ name, inputs, blocks }: Phase, work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const start = performance.now();
  delay.enable();
  await work();
  delay.disable();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${name}: ${seconds.toFixed(2)} s, ${inputs > 0 ? `${rate(inputs / seconds)} inputs/s` : `${rate(blocks / seconds)} blocks/s`}, ` +
      `cpu ${((user + system) / 1e6).toFixed(2)} s, longest stall ${(delay.max / 1e6).toFixed(0)} ms, ` +
      `rss ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
  );
  return seconds;
}

function rate(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)}k` : value.toFixed(0);
}

function makeFile(): void {
  console.log('making the workload, once…');
  const blocks = chainOfBlocks(regtest.genesis, 0, EMPTY_BLOCKS, lockingScript, Uint8Array.of(0, 0));
  const add = (transactions: readonly Transaction[]) => {
    const height = blocks.length + 1;
    blocks.push(
      solvedBlock({ parent: after(blocks.at(-1)!), height, lockingScript, amount: 0n, transactions }),
    );
  };
  const total = FULL_BLOCKS * PAYMENTS;
  const coins: Outpoint[] = [];
  const fanOuts: Transaction[] = [];
  for (let i = 0; coins.length < total; i++) {
    const count = Math.min(FAN_OUT, total - coins.length);
    const fanOut = payment(outpoint(blocks[i]!.transactions[0]!), new Array<bigint>(count).fill(2_000_000n));
    for (let index = 0; index < count; index++) coins.push(outpoint(fanOut, index));
    fanOuts.push(fanOut);
  }
  while (fanOuts.length > 0) add(fanOuts.splice(0, 24));
  for (let i = 0; i < FULL_BLOCKS; i++) {
    add(coins.splice(0, PAYMENTS).map((coin) => payment(coin, [1_000_000n, 900_000n])));
  }
  writeBootstrapFile(`${FILE}.part`, blocks);
  renameSync(`${FILE}.part`, FILE);
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
