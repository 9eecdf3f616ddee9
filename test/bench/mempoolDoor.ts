import { pushedSignature } from '../../src/consensus/lockingScript.ts';
import { signatureTemplate } from '../../src/consensus/signatureHash.ts';
import type { SignatureCheck } from '../../src/crypto/signatureCheck.ts';
import { buildTemplate } from '../../src/mining/template.ts';
import type { Transaction } from '../../src/primitives/transaction.ts';
import { signedTransaction } from '../support/blocks.ts';
import { type MiningNode, withMiningNode } from '../support/mining.ts';
import { matureCoinbases, mine, miner, payOn, spendable } from '../support/payments.ts';

const FANS = 20;
const PER_FAN = 1000;
const OUTPUT = 2_000_000n;

/** Transactions a second through the mempool's door, many under way at once; memory of each; order and template. */
export async function measureDoor(): Promise<void> {
  await withMiningNode(async (node) => {
    const payments = await preparePayments(node);
    console.log(`${payments.length} payments, ${payments[0]!.bytes.length} bytes each`);
    const verified = await time(() => node.verifyPool.verify(payments.map(checkOf)));
    console.log(`signatures alone, in one call: ${rate(payments.length, verified)}`);
    globalThis.gc?.();
    const heapBefore = memory();
    const accepting = await time(() => acceptAll(node, payments));
    globalThis.gc?.();
    const { mempool } = node;
    console.log(
      `accepted ${mempool.size}: ${rate(mempool.size, accepting)}, x${(verified / accepting).toFixed(2)}`,
    );
    console.log(
      `memory of each: ${Math.round((memory() - heapBefore) / mempool.size)} bytes (run with --expose-gc), ` +
        `estimated ${Math.round(mempool.usage / mempool.size)}`,
    );
    console.log(`ordering: ${(await time(() => mempool.byFeeRate())).toFixed(1)} ms`);
    const template = () =>
      buildTemplate({
        parent: node.chain.tip,
        entries: mempool.byFeeRate(),
        params: node.chain.params,
        lockingScript: miner.lockingScript,
        timeSec: node.clock.nowSec,
        extraNonce: 0n,
      });
    console.log(`template of ${template().transactions.length}: ${(await time(template)).toFixed(1)} ms`);
    const mining = await time(() => mine(node, 1));
    console.log(
      `a block of ${node.chain.tip.transactionCount}, mined and connected: ${mining.toFixed(0)} ms`,
    );
  });
}

async function acceptAll({ mempool }: MiningNode, payments: readonly Transaction[]): Promise<void> {
  const UNDER_WAY = 500;
  let next = 0;
  const worker = async () => {
    while (next < payments.length) await mempool.accept(payments[next++]!, { source: 'bench' });
  };
  await Promise.all(Array.from({ length: UNDER_WAY }, worker));
}

/** One-in-two-out payments of confirmed coins. */
async function preparePayments(node: MiningNode): Promise<Transaction[]> {
  const coinbases = await matureCoinbases(node, FANS);
  const fans = coinbases.map((coin) => payOn([coin], { outputs: PER_FAN, fee: 100_000n }));
  for (const fan of fans) await node.mempool.accept(fan, { source: 'bench' });
  await mine(node, 1);
  const { lockingScript } = miner;
  return fans.flatMap((fan) =>
    fan.outputs.map((_, i) =>
      signedTransaction(
        [spendable(fan, i)],
        [
          { amount: OUTPUT, lockingScript },
          { amount: OUTPUT, lockingScript },
        ],
      ),
    ),
  );
}

function checkOf(payment: Transaction): SignatureCheck {
  const { template, insertAt } = signatureTemplate(payment);
  const { lockingScript: script, publicKey } = miner;
  const signature = pushedSignature(payment.inputs[0]!.unlockingScript)!;
  return { template, insertAt: insertAt[0]!, script, publicKey, signature };
}

async function time(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function rate(count: number, ms: number): string {
  return `${(count / ms).toFixed(1)}k/s`;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
