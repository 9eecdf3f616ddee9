import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import type { Transaction } from '../../src/primitives/transaction.ts';
import { after, COIN, makeKeys, outpoint, signedTransaction, solvedBlock } from './blocks.ts';

const MATURITY = 100;
const MAX_FORK_DEPTH = 12;
const FORK_CHANCE = 0.08;

/**
 * A history in order of arrival: a chain that is overtaken, every dozen blocks or so, by a rival from some blocks back with
 * one block more, which pays the same coins to somebody else. `random` gives numbers from 0 to 1.
 */
export function forkedHistory(
  blockCount: number,
  random: () => number,
): { arrivals: Block[]; best: readonly Block[] } {
  const keys = makeKeys();
  const arrivals: Block[] = [];
  const best: Block[] = [];
  const blockAfter = (branch: readonly Block[], tag: number): Block => {
    const height = branch.length + 1;
    const amount = (50n * COIN) >> BigInt(Math.floor(height / 150));
    return solvedBlock({
      parent: after(branch.at(-1) ?? regtest.genesis),
      height,
      lockingScript: keys.lockingScript,
      amount,
      extra: Uint8Array.of(tag & 0xff, tag >> 8),
      transactions: height > MATURITY + 1 ? [payment(branch[height - MATURITY - 2]!, tag)] : [],
    });
  };
  const payment = (from: Block, tag: number): Transaction => {
    const { amount } = from.transactions[0]!.outputs[0]!;
    const source = { lockingScript: keys.lockingScript, privateKey: keys.privateKey };
    return signedTransaction(
      [{ outpoint: outpoint(from.transactions[0]!), ...source }],
      [
        { amount: amount / 2n, lockingScript: keys.lockingScript },
        { amount: amount - amount / 2n, lockingScript: keys.lockingScript },
      ],
      // Without a meaning, as its input is final: another txid on every branch.
      { lockTime: tag },
    );
  };
  while (arrivals.length < blockCount) {
    const isFork = random() < FORK_CHANCE && best.length > MAX_FORK_DEPTH;
    const depth = isFork ? 1 + Math.floor(random() * MAX_FORK_DEPTH) : 0;
    best.length -= depth;
    for (let i = 0; i <= depth; i++) {
      const block = blockAfter(best, arrivals.length % 0xffff);
      best.push(block);
      arrivals.push(block);
    }
  }
  return { arrivals, best };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
