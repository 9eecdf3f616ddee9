import { stat } from 'node:fs/promises';
import { systemReason } from '../../node/systemReason.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Command, textOf } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { importBlocks } from '../importBlocks.ts';
import { interruption, withOfflineChain } from '../offlineChain.ts';
import { Progress } from '../progress.ts';
import { settingFlags } from '../settingFlags.ts';

const KILOBYTE = 1000;

export const chainImport: Command = {
  usage: 'import <file>',
  summary: 'read blocks from a file (bootstrap.dat layout) and validate them, while no node runs',
  flags: settingFlags(['min-free-space']),
  arguments: { file: { describe: 'made by `chain export`, or by Bitcoin tools' } },
  examples: [['indiecoin chain import blocks.dat', 'every rule is checked, as for blocks from the network']],
  run: async (context) => {
    const { config, terminal } = context;
    const path = textOf(context, 'file');
    const found = await stat(path).catch((error: Error) => {
      throw usageError(`${path} cannot be read: ${systemReason(error)}.`);
    });
    if (found.isDirectory()) throw usageError(`${path} cannot be read: it is a folder.`);
    const signal = interruption();
    const answer = await withOfflineChain(
      config,
      async (chain) => {
        const progress = new Progress(terminal, 'Importing', found.size / KILOBYTE, 'kB');
        const onProgress = (bytes: number) => progress.update(bytes / KILOBYTE);
        const startedMs = performance.now();
        const result = await importBlocks(chain, path, { signal, onProgress }).finally(() => progress.stop());
        const seconds = Math.round(performance.now() - startedMs) / 1000;
        return { file: path, ...result, height: chain.tip.height, tip: chain.tip.hash, seconds };
      },
      { mayBeNew: true },
    );
    if (answer.blocks === 0 && !signal.aborted) {
      const magic = Buffer.from(config.params.magic).toString('hex');
      throw new CliError(EXIT.refused, `${path} holds no block of ${config.params.name} (magic ${magic}).`);
    }
    terminal.answer(answer, () => [
      `${answer.blocks} blocks read in ${answer.seconds} s: ${answer.connected} connected, ${answer.known} known, ${answer.aside} aside, ${answer.refusedCount} refused.`,
      ...answer.refused.slice(0, 10).map(({ hash, reason }) => `  ${hash} ${reason}`.trimEnd()),
      ...(answer.cutOff ? ['The file ends in the middle of a block: it is not whole.'] : []),
      `The chain stands at height ${answer.height}, ${answer.tip}.`,
    ]);
    if (answer.refusedCount > 0) return EXIT.refused;
    return answer.cutOff ? EXIT.failure : EXIT.ok;
  },
};
