import { join } from 'node:path';
import { BLOCKS_FOLDER } from '../store/blockStore.ts';
import { CHAIN_FOLDER } from '../store/chainStore.ts';
import { checkOlderTables } from '../store/tableCheck.ts';

/** Reads the part of the databases that their opening did not, while the node runs. @returns what ends it */
export function watchTables(dataDir: string, stop: (error: Error) => void): () => Promise<void> {
  const end = new AbortController();
  const check = async () => {
    for (const folder of [CHAIN_FOLDER, BLOCKS_FOLDER])
      await checkOlderTables(join(dataDir, folder), end.signal);
  };
  const running = check().catch(stop);
  return async () => {
    end.abort();
    await running;
  };
}
