import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Chain } from '../chain/chain.ts';
import { isReindexUnfinished } from '../chain/reindex.ts';
import { VerifyPool } from '../crypto/verifyPool.ts';
import type { NodeConfig } from '../node/config.ts';
import { BLOCKS_FOLDER } from '../store/blockStore.ts';
import { CHAIN_FOLDER } from '../store/chainStore.ts';
import { DiskSpace } from '../store/diskSpace.ts';
import { CliError } from './cliError.ts';
import { EXIT } from './exitCodes.ts';

/** Opens the chain without a node around it, for as long as `work` takes. @throws DatabaseInUseError while a node runs */
export async function withOfflineChain<T>(
  config: NodeConfig,
  work: (chain: Chain) => Promise<T>,
  options: { mayBeNew?: boolean } = {},
): Promise<T> {
  const { dataDir, params, transactionIndex } = config;
  if (
    options.mayBeNew !== true &&
    ![CHAIN_FOLDER, BLOCKS_FOLDER].some((folder) => existsSync(join(dataDir, folder))) &&
    !isReindexUnfinished(dataDir)
  ) {
    throw new CliError(EXIT.refused, `There is no chain in ${dataDir}.`);
  }
  if (isReindexUnfinished(dataDir)) {
    const message = `A reindex of ${dataDir} was not finished: \`indiecoin node --reindex\` does it.`;
    throw new CliError(EXIT.damaged, message);
  }
  const verifyPool = await VerifyPool.open();
  try {
    const diskSpace = new DiskSpace(dataDir, config.minFreeSpaceMb);
    // Nothing is pruned here: what the wallet has not read yet is known to the node alone, which does it at its next start.
    const chain = await Chain.open({ dataDir, params, verifyPool, transactionIndex, diskSpace });
    try {
      return await work(chain);
    } finally {
      await chain.close();
    }
  } finally {
    await verifyPool.close();
  }
}

/** Ctrl-C as a signal for work that ends itself in good order. */
export function interruption(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return stop.signal;
}
