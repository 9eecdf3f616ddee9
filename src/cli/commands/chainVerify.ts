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
      const progress = new Progress(terminal, 'Verifying', chain.tip.height, 'blocks');
      const onProgress = (height: number) => progress.update(height);
      const coins = await verifyChain(chain, { signal, onProgress }).finally(() => progress.stop());
      const { tip, lowestHeight } = chain;
      return {
        height: tip.height,
        tip: tip.hash,
        coins,
        ok: true,
        ...(lowestHeight > 0 && { lowestHeight }),
      };
    });
    const { height, lowestHeight, coins } = answer;
    const blocks =
      lowestHeight === undefined
        ? `All ${height + 1} blocks`
        : `The blocks from height ${lowestHeight} to ${height}, those before being pruned,`;
    terminal.answer(answer, () => `${blocks} and ${coins} coins are as they were written.`);
  },
};
