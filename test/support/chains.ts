import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chain } from '../../src/chain/chain.ts';
import type { ChainOptions } from '../../src/chain/openChainFiles.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { regtest } from '../../src/params/regtest.ts';

/** A clock well after all the blocks that tests make. */
export const TEST_CLOCK_SEC = 2_000_000_000;

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'indiecoin-test-'));
}

/** Runs with an empty folder that is gone afterwards. */
export async function withFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder();
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs with a real chain in an empty folder, closed and gone afterwards. */
export async function withChain<T>(
  run: (chain: Chain, dataDir: string) => Promise<T>,
  options: Partial<ChainOptions> = {},
): Promise<T> {
  return withFolder(async (dataDir) => {
    const verifyPool = options.verifyPool ?? (await VerifyPool.open({ threads: 1 }));
    const chain = await openChain(dataDir, { ...options, verifyPool });
    try {
      return await run(chain, dataDir);
    } finally {
      await chain.close();
      if (!options.verifyPool) await verifyPool.close();
    }
  });
}

export function openChain(
  dataDir: string,
  options: Partial<ChainOptions> & Pick<ChainOptions, 'verifyPool'>,
): Promise<Chain> {
  return Chain.open({ dataDir, params: regtest, clockSec: () => TEST_CLOCK_SEC, ...options });
}
