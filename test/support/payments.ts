import { decodeBlock } from '../../src/primitives/block.ts';
import type { Transaction, TransactionOutput } from '../../src/primitives/transaction.ts';
import { type Keys, makeKeys, outpoint, type Spendable, signedTransaction } from './blocks.ts';
import type { MiningNode } from './mining.ts';

/** The one whom the tests' blocks pay, and who pays on. */
export const miner: Keys = makeKeys();

/** Mines blocks of the miner; returns their coinbases. */
export async function mine(node: MiningNode, count: number, to: Keys = miner): Promise<Transaction[]> {
  const hashes = await node.miner.generate(count, to.lockingScript);
  return Promise.all(
    hashes.map(async (hash) => decodeBlock((await node.chain.readBlock(hash))!).transactions[0]!),
  );
}

/** `count` mature coinbases of the miner, and a chain that goes on for 100 blocks more. */
export async function matureCoinbases(node: MiningNode, count: number): Promise<Transaction[]> {
  const coinbases = await mine(node, count);
  await mine(node, 100);
  return coinbases;
}

/** An output of `transaction` that the miner, or another, can spend. */
export function spendable(transaction: Transaction, index = 0, keys: Keys = miner): Spendable {
  const { lockingScript } = transaction.outputs[index]!;
  return { outpoint: outpoint(transaction, index), lockingScript, privateKey: keys.privateKey };
}

/** Spends the first output of each, all of the miner's, into equal shares for the miner, less the fee. */
export function payOn(
  transactions: readonly Transaction[],
  options: { fee?: bigint; outputs?: number; lockTime?: number; sequence?: number; version?: number } = {},
): Transaction {
  const { fee = 1000n, outputs = 1, lockTime = 0, sequence, version = 1 } = options;
  const total = transactions.reduce((sum, { outputs: [first] }) => sum + first!.amount, 0n) - fee;
  const share = total / BigInt(outputs);
  // What does not divide goes to the first, so that the fee is exact.
  const shares: TransactionOutput[] = Array.from({ length: outputs }, (_, i) => ({
    amount: i === 0 ? total - share * BigInt(outputs - 1) : share,
    lockingScript: miner.lockingScript,
  }));
  const spends = transactions.map((transaction) => ({
    ...spendable(transaction),
    ...(sequence !== undefined && { sequence }),
  }));
  return signedTransaction(spends, shares, { version, lockTime });
}
