import { writeNewFile } from '../../bytes/atomicFile.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Command, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { passphraseToOpen, passphraseToSeal } from '../prompt.ts';

export const walletBackup: Command = {
  usage: 'backup [file]',
  summary: 'show the words of the wallet, or write all of it to an encrypted file',
  arguments: {
    file: { describe: 'a new file: words, their passphrase, labels and watched keys, encrypted' },
  },
  flags: { words: { type: 'boolean', description: 'write the words alone to the file, as they are' } },
  examples: [
    ['indiecoin wallet backup', 'the words, to be written on paper'],
    ['indiecoin wallet backup /media/usb/wallet-backup.json', 'opens with the passphrase of the wallet'],
    ['indiecoin wallet backup /media/usb/words.txt --words', 'whoever reads it has the coins'],
  ],
  run: async (context) => {
    const { config, terminal } = context;
    const keys = WalletKeys.load(config.dataDir, config.params);
    if (keys === undefined) {
      throw new CliError(EXIT.refused, 'There is no wallet yet: `indiecoin wallet new` makes one.');
    }
    const file = optionalText(context, 'file');
    const isWords = context.arguments.words === true || file === undefined;
    const passphrase = keys.protection === 'passphrase' ? await passphraseToOpen() : undefined;
    if (!isWords) {
      await writeNew(file, await keys.sealBackup(passphrase, passphrase ?? (await passphraseToSeal())));
      terminal.answer({ file }, () => [
        `The wallet is in ${file}, encrypted. \`indiecoin wallet restore --file ${file}\` brings it back,`,
        'with the passphrase: without it the file is worth nothing.',
      ]);
      return;
    }
    const { words, wordsPassphrase } = await keys.revealSecret(passphrase);
    const lines = wordsPassphrase === '' ? [words] : [words, wordsPassphrase];
    if (file === undefined) {
      terminal.answer({ words, ...(wordsPassphrase !== '' && { wordsPassphrase }) }, () => lines);
      return;
    }
    await writeNew(file, `${lines.join('\n')}\n`);
    terminal.answer({ file }, () => `The words are in ${file}. Whoever reads it has the coins.`);
  },
};

async function writeNew(path: string, content: string): Promise<void> {
  try {
    await writeNewFile(path, content);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw usageError(`${path} exists already; a backup never replaces a file.`);
    throw new CliError(code === 'ENOSPC' ? EXIT.diskFull : EXIT.failure, message, { cause: error });
  }
}
