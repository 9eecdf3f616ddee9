import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Chain } from '../../chain/chain.ts';
import { writeBlockFile } from '../../node/blockFile.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Command, textOf } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { interruption, withOfflineChain } from '../offlineChain.ts';
import { Progress } from '../progress.ts';

export const chainExport: Command = {
  usage: 'export <file>',
  summary: 'write the active chain to a file (bootstrap.dat layout), while no node runs',
  arguments: { file: { describe: 'replaced when it exists' } },
  examples: [['indiecoin chain export blocks.dat', 'from the genesis block to the tip']],
  run: async (context) => {
    const { config, terminal } = context;
    const path = textOf(context, 'file');
    if (await isFolder(path)) throw usageError(`${path} is a folder: name a file in it.`);
    if (!(await isFolder(dirname(resolve(path))))) throw usageError(`${path} is in no folder that exists.`);
    const signal = interruption();
    const answer = await withOfflineChain(config, async (chain) => {
      if (chain.lowestHeight > 0) {
        const message = `The blocks before height ${chain.lowestHeight} were pruned: a file without them is worth nothing.`;
        throw new CliError(EXIT.refused, message);
      }
      const progress = new Progress(terminal, 'Exporting', chain.tip.height, 'blocks');
      const onProgress = (height: number) => progress.update(height);
      const blocks = activeBlocks(chain, signal, onProgress);
      await writeBlockFile(path, blocks, config.params).finally(() => progress.stop());
      return { file: path, blocks: chain.tip.height + 1, tip: chain.tip.hash };
    });
    terminal.answer(answer, () => `${answer.blocks} blocks are in ${path}, the last one ${answer.tip}.`);
  },
};

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function* activeBlocks(
  chain: Chain,
  signal: AbortSignal,
  onProgress: (height: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let height = 0; height <= chain.tip.height; height++) {
    if (signal.aborted) throw new CliError(EXIT.failure, 'Interrupted: no file was written.');
    const bytes = await chain.readBlock(chain.nodeAt(height)!.hash);
    if (bytes === undefined) throw new CliError(EXIT.damaged, `The block at height ${height} is not here.`);
    yield bytes;
    onProgress(height);
  }
}
