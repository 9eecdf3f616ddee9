import { writeFileSync } from 'node:fs';
import { ByteWriter } from '../../src/bytes/byteWriter.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { Outpoint, Transaction } from '../../src/primitives/transaction.ts';
import { after, COIN, chainOfBlocks, makeKeys, outpoint, signedTransaction, solvedBlock } from './blocks.ts';

/**
 * A regtest chain of so many blocks with so many signed payments in all: a first stretch of plain blocks until coinbases
 * can be spent, a fan-out into enough coins, and the payments spread evenly over the rest.
 */
export function makeWorkload(blockCount: number, paymentCount: number): Block[] {
  const keys = makeKeys();
  const spend = (from: Outpoint, amounts: readonly bigint[]): Transaction =>
    signedTransaction(
      [{ outpoint: from, lockingScript: keys.lockingScript, privateKey: keys.privateKey }],
      amounts.map((amount) => ({ amount, lockingScript: keys.lockingScript })),
    );
  const blocks = chainOfBlocks(regtest.genesis, 0, 110, keys.lockingScript);
  const add = (transactions: readonly Transaction[]) => {
    const height = blocks.length + 1;
    blocks.push(
      solvedBlock({
        parent: after(blocks.at(-1)!),
        height,
        lockingScript: keys.lockingScript,
        amount: 1n,
        transactions,
      }),
    );
  };
  const fanOuts = Math.ceil(paymentCount / 2000);
  const coins: Outpoint[] = [];
  for (let i = 0; i < fanOuts; i++) {
    const share = Math.min(2000, paymentCount - i * 2000);
    const fanOut = spend(
      outpoint(blocks[i]!.transactions[0]!),
      new Array<bigint>(share).fill((50n * COIN) / 2000n),
    );
    for (let index = 0; index < share; index++) coins.push(outpoint(fanOut, index));
    add([fanOut]);
  }
  for (let left = blockCount - blocks.length; left > 0; left--) {
    add(coins.splice(0, Math.ceil(coins.length / left)).map((coin) => spend(coin, [1_000_000n, 1_000_000n])));
  }
  return blocks;
}

/** Bitcoin's bootstrap.dat layout: for each block 4 bytes of magic, its length, and its bytes. */
export function framedBlocks(blocks: readonly Block[]): Uint8Array {
  const writer = new ByteWriter(1 << 20);
  for (const { bytes } of blocks) writer.bytes(regtest.magic).u32(bytes.length).bytes(bytes);
  return writer.finish();
}

export function writeBootstrapFile(path: string, blocks: readonly Block[]): void {
  writeFileSync(path, framedBlocks(blocks));
}
