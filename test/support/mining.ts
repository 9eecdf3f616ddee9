import type { Chain } from '../../src/chain/chain.ts';
import type { ChainOptions } from '../../src/chain/openChainFiles.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { Mempool, type MempoolOptions } from '../../src/mempool/mempool.ts';
import { Miner } from '../../src/mining/miner.ts';
import { TEST_CLOCK_SEC, withChain } from './chains.ts';

/** The parts of a node that make blocks, wired as in a node, without a network. */
export type MiningNode = Readonly<{
  chain: Chain;
  mempool: Mempool;
  miner: Miner;
  verifyPool: VerifyPool;
  dataDir: string;
  /** Moves the clock of all parts, from TEST_CLOCK_SEC. */
  clock: { nowSec: number };
}>;

/** Runs with real parts in an empty folder, closed and gone afterwards. */
export async function withMiningNode<T>(
  run: (node: MiningNode) => Promise<T>,
  options: Partial<ChainOptions> & Partial<Pick<MempoolOptions, 'maxUsageBytes'>> = {},
): Promise<T> {
  const { maxUsageBytes, ...chainOptions } = options;
  const verifyPool = await VerifyPool.open({ threads: 2 });
  const clock = { nowSec: TEST_CLOCK_SEC };
  const clockSec = () => clock.nowSec;
  try {
    return await withChain(
      async (chain, dataDir) => {
        const mempool = new Mempool({
          chain,
          verifyPool,
          clockSec,
          ...(maxUsageBytes !== undefined && { maxUsageBytes }),
        });
        const submit = (block: Parameters<Chain['acceptBlock']>[0]) =>
          chain.acceptBlock(block, { requested: true, source: 'miner' });
        const miner = new Miner({ chain, mempool, submit, clockSec });
        chain.onChange(() => miner.interrupt());
        chain.onChange((change) => mempool.update(change));
        chain.onChange(() => miner.refresh());
        try {
          return await run({ chain, mempool, miner, verifyPool, dataDir, clock });
        } finally {
          await miner.stop();
        }
      },
      { verifyPool, clockSec, ...chainOptions },
    );
  } finally {
    await verifyPool.close();
  }
}
