import { hashToHex } from '../../bytes/hex.ts';
import type { Chain } from '../../chain/chain.ts';
import { checkBlock } from '../../consensus/checkBlock.ts';
import { decodeBlock } from '../../primitives/block.ts';
import { DatabaseDamagedError } from '../../store/storeErrors.ts';
import type { Command } from '../command.ts';
import { interruption, withOfflineChain } from '../offlineChain.ts';
import { Progress } from '../progress.ts';

export const chainVerify: Command = {
  usage: 'verify',
  summary: 'read the whole database again and count every coin, while no node runs',
  examples: [['indiecoin chain verify', 'names what is damaged, and ends with code 6 then']],
  run: async ({ config, terminal }) => {
    const signal = interruption();
    const answer = await withOfflineChain(config, async (chain) => {
      const progress = new Progress(terminal, 'verifying', chain.tip.height);
      try {
        for (let height = 1; height <= chain.tip.height && !signal.aborted; height++) {
          await verifyBlock(chain, height);
          progress.update(height, `block ${height}`);
        }
      } finally {
        progress.stop();
      }
      signal.throwIfAborted();
      const coins = await countCoins(chain);
      return { height: chain.tip.height, tip: chain.tip.hash, coins, ok: true };
    });
    terminal.answer(
      answer,
      () => `All ${answer.height + 1} blocks and ${answer.coins} coins are as they were written.`,
    );
  },
};

async function verifyBlock(chain: Chain, height: number): Promise<void> {
  const node = chain.nodeAt(height)!;
  const bytes = await chain.readBlock(node.hash);
  if (bytes === undefined) throw new DatabaseDamagedError(`the block at height ${height} is missing`);
  const block = decodeBlock(bytes);
  const rejection = checkBlock(block, chain.params);
  if (rejection !== undefined || hashToHex(block.header.hash) !== node.hash) {
    throw new DatabaseDamagedError(
      `the block at height ${height} is not what it was (${rejection?.code ?? 'hash'})`,
    );
  }
  const spends = block.transactions.slice(1).reduce((sum, { inputs }) => sum + inputs.length, 0);
  const spent = await chain.readSpentCoins(node);
  if (spent.length !== spends)
    throw new DatabaseDamagedError(`the undo data of height ${height} is not whole`);
}

async function countCoins(chain: Chain): Promise<number> {
  const kept = chain.coinSet;
  const counted = await chain.recountCoins();
  if (kept.coinCount !== counted.coinCount || kept.coinSetHash !== counted.coinSetHash) {
    throw new DatabaseDamagedError(
      `there are ${counted.coinCount} coins, and ${kept.coinCount} were written`,
    );
  }
  return counted.coinCount;
}
