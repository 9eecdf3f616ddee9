import { regtest } from '../../src/params/regtest.ts';
import type { Block } from '../../src/primitives/block.ts';
import { after, chainOfBlocks, outpoint, solvedBlock } from './blocks.ts';
import { dataTransactions, RESERVED } from './dataBlocks.ts';

const MATURITY = 100;
const TRANSACTION_BYTES = 99_000;
/** Header, coinbase and the count of transactions, and a little. */
const FRAME_BYTES = 400;

/** A regtest chain whose first coins can be spent, and a block to follow it of about so many bytes, all of them data. */
export function trunkAndLargeBlock(bytes: number): { trunk: Block[]; large: Block } {
  const trunk = chainOfBlocks(regtest.genesis, 0, MATURITY + 1, RESERVED);
  const count = Math.ceil((bytes - FRAME_BYTES) / TRANSACTION_BYTES);
  const sizes = new Array<number>(count).fill(Math.floor((bytes - FRAME_BYTES) / count));
  const large = solvedBlock({
    parent: after(trunk.at(-1)!),
    height: trunk.length + 1,
    lockingScript: RESERVED,
    amount: 0n,
    transactions: dataTransactions(outpoint(trunk[0]!.transactions[0]!), sizes),
  });
  return { trunk, large };
}
