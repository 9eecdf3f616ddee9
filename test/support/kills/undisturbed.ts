import { VerifyPool } from '../../../src/crypto/verifyPool.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { openChain } from '../chains.ts';

export type Undisturbed = Readonly<{
  tip: string;
  coinSetHash: string;
  /** The coin set's hash at each tip on the way, by the tip's hash. */
  coinSets: ReadonlyMap<string, string>;
}>;

/** What comes of these blocks, in this order, when nobody interferes. */
export async function undisturbed(dataDir: string, blocks: readonly Block[]): Promise<Undisturbed> {
  const verifyPool = await VerifyPool.open({ threads: 1 });
  try {
    const chain = await openChain(dataDir, { verifyPool });
    const coinSets = new Map<string, string>();
    for (const block of blocks) {
      await chain.acceptBlock(block, { requested: true, source: 'test' });
      coinSets.set(chain.tip.hash, chain.coinSet.coinSetHash);
    }
    const found = { tip: chain.tip.hash, coinSetHash: chain.coinSet.coinSetHash, coinSets };
    await chain.close();
    return found;
  } finally {
    await verifyPool.close();
  }
}
