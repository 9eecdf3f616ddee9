import type { BlockNode } from '../chain/blockNode.ts';
import type { Coin } from '../consensus/coin.ts';
import type { Block } from '../primitives/block.ts';
import type { Transaction } from '../primitives/transaction.ts';
import type { NodeServices } from './nodeServices.ts';

/**
 * The coins that each transaction of a block spent, in their order; undefined for the coinbase. Empty where they are not
 * known: of a block that is not in the chain, or whose undo data is pruned.
 */
export async function spentCoinsOf(
  { chain }: NodeServices,
  node: BlockNode,
  { transactions }: Block,
): Promise<(Coin[] | undefined)[]> {
  if (!chain.isActive(node) || node.parent === undefined) return [];
  const spent = await chain.readSpentCoins(node);
  if (spent === undefined) return [];
  let at = 0;
  return transactions.map(({ inputs }, i) => {
    if (i === 0) return undefined;
    at += inputs.length;
    return spent.slice(at - inputs.length, at);
  });
}

/** What a transaction pays to the miner, in base units. */
export function feeOf({ outputs }: Transaction, spent: readonly Coin[]): bigint {
  const paid = spent.reduce((sum, { amount }) => sum + amount, 0n);
  return outputs.reduce((rest, { amount }) => rest - amount, paid);
}
