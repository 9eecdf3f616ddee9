import { verifyChain } from '../../chain/verifyChain.ts';
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
      const onProgress = (height: number) => progress.update(height, `block ${height}`);
      const coins = await verifyChain(chain, { signal, onProgress }).finally(() => progress.stop());
      return { height: chain.tip.height, tip: chain.tip.hash, coins, ok: true };
    });
    terminal.answer(
      answer,
      () => `All ${answer.height + 1} blocks and ${answer.coins} coins are as they were written.`,
    );
  },
};
