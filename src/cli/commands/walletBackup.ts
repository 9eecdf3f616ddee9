import { constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Command, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { passphraseToOpen } from '../prompt.ts';

export const walletBackup: Command = {
  usage: 'backup [file]',
  summary: 'show the twelve words of the wallet, or write them to a file',
  arguments: { file: { describe: 'a new file, readable by you alone' } },
  examples: [
    ['indiecoin wallet backup', 'to be written on paper'],
    ['indiecoin wallet backup /media/usb/words.txt', 'to a file that must not exist yet'],
  ],
  run: async (context) => {
    const { dataDir, params } = context.config;
    const keys = WalletKeys.load(dataDir, params);
    if (keys === undefined) {
      throw new CliError(EXIT.refused, 'There is no wallet yet: `indiecoin wallet new` makes one.');
    }
    const passphrase = keys.protection === 'passphrase' ? await passphraseToOpen() : undefined;
    const { words, wordsPassphrase } = await keys.revealSecret(passphrase);
    const lines = wordsPassphrase === '' ? [words] : [words, wordsPassphrase];
    const file = optionalText(context, 'file');
    if (file === undefined) {
      const isThere = wordsPassphrase !== '';
      context.terminal.answer({ words, ...(isThere && { wordsPassphrase }) }, () => lines);
      return;
    }
    await writeNew(file, `${lines.join('\n')}\n`);
    context.terminal.answer({ file }, () => `The words are in ${file}. Whoever reads it has the coins.`);
  },
};

async function writeNew(path: string, content: string): Promise<void> {
  try {
    const flag = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY;
    await writeFile(path, content, { mode: 0o600, flag, flush: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw usageError(`${path} exists already; a backup never replaces a file.`);
    throw new CliError(code === 'ENOSPC' ? EXIT.diskFull : EXIT.failure, message, { cause: error });
  }
}
