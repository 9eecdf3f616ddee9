import assert from 'node:assert/strict';
import type { NodeProcess } from '../nodeProcess.ts';

/** The coins of a node are those of an undisturbed run at the same tip. @returns its height */
export async function coinsAt(node: NodeProcess, coinSets: ReadonlyMap<string, string>): Promise<number> {
  const info = await node.rpc<{ height: number; bestblock: string; coin_set_hash: string }>(
    'gettxoutsetinfo',
  );
  if (info.height > 0)
    assert.equal(info.coin_set_hash, coinSets.get(info.bestblock), `at height ${info.height}`);
  return info.height;
}
