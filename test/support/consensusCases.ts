import type { SpendContext } from '../../src/consensus/checkSpend.ts';
import type { Coin } from '../../src/consensus/coin.ts';
import type { HeaderNode } from '../../src/consensus/headerNode.ts';
import { skipHeight } from '../../src/consensus/headerNode.ts';
import { makeNetwork } from '../../src/params/makeNetwork.ts';
import type { NetworkParams } from '../../src/params/networkParams.ts';
import { regtest } from '../../src/params/regtest.ts';
import type { Keys } from './blocks.ts';

/** A network like regtest with some values bent. The genesis block stays. */
export function networkWith(changes: Partial<NetworkParams>): NetworkParams {
  const { genesis, ...rest } = regtest;
  return makeNetwork({ ...rest, ...changes, genesis: genesis.bytes });
}

/** A context in which nothing is locked: height 1000, medians one second a height. */
export function spendContext(changes: Partial<SpendContext> = {}): SpendContext {
  return { height: 1000, medianTimeSec: 999, medianTimeAt: (height) => height, params: regtest, ...changes };
}

export function coinOf(keys: Keys, amount: bigint, changes: Partial<Coin> = {}): Coin {
  return { amount, lockingScript: keys.lockingScript, height: 1, isCoinbase: false, ...changes };
}

/** A chain of headers with these times and bits; returns the last. */
export function headerChain(
  headers: readonly { timeSec: number; bits: number; version?: number }[],
): HeaderNode {
  const nodes: HeaderNode[] = [];
  for (const [height, { timeSec, bits, version = 4 }] of headers.entries()) {
    const parent = nodes[height - 1];
    nodes.push({ height, version, timeSec, bits, parent, skip: parent && nodes[skipHeight(height)] });
  }
  return nodes.at(-1)!;
}
