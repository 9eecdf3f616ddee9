import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '../../src/bytes/hex.ts';
import type { Transaction } from '../../src/primitives/transaction.ts';
import { temporaryFolder } from '../support/chains.ts';
import { type NodeOptions, NodeProcess, until } from '../support/nodeProcess.ts';
import { makeWorkload } from '../support/workload.ts';

/** Blocks before the first payment, but for those that fan the coins out. */
const TRUNK = 110;
const PAYMENTS_A_FAN_OUT = 2000;

/** Signed one-in-two-out payments of confirmed coins, and a node's folder in which these are confirmed. */
export type PaymentWorkload = Readonly<{
  payments: readonly Transaction[];
  /** Each behind its length, u32 little-endian. */
  file: string;
  /** Starts a node that has the blocks and none of the payments. */
  startNode(options?: Partial<NodeOptions>): Promise<NodeProcess>;
  remove(): Promise<void>;
}>;

export async function makePaymentWorkload(count: number): Promise<PaymentWorkload> {
  const folder = await temporaryFolder();
  const confirmed = TRUNK + Math.ceil(count / PAYMENTS_A_FAN_OUT);
  const blocks = makeWorkload(confirmed + 1, count);
  const payments = blocks[confirmed]!.transactions.slice(1);
  const file = join(folder, 'payments');
  writeFileSync(file, Buffer.concat(payments.flatMap(({ bytes }) => [lengthOf(bytes), bytes])));
  let started = 0;
  const startNode = async (options: Partial<NodeOptions> = {}) => {
    const dataDir = join(folder, `node ${++started}`);
    mkdirSync(dataDir);
    const node = await NodeProcess.start({ ...options, dataDir });
    for (const block of blocks.slice(0, confirmed)) await node.rpc('submitblock', bytesToHex(block.bytes));
    await until('the blocks', async () => (await node.height()) === confirmed);
    return node;
  };
  const remove = async () => rmSync(folder, { recursive: true, force: true });
  return { payments, file, startNode, remove };
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return length;
}
