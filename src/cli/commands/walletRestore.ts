import { checkWords, type WalletSecret } from '../../wallet/keyTree.ts';
import { needsPassphrase, openBackup, parseBackup } from '../../wallet/walletBackup.ts';
import { WalletKeys } from '../../wallet/walletKeys.ts';
import { CliError, usageError } from '../cliError.ts';
import { type Command, type Context, optionalText } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { describeOwnKey, type OwnAddressAnswer } from '../ownAddress.ts';
import { passphraseToOpen, passphraseToSet, readSecret, wordsPassphrase } from '../prompt.ts';

export const walletRestore: Command = {
  usage: 'restore [file]',
  summary: 'make the wallet of its words or of a backup file, and find its coins',
  arguments: {
    file: { describe: 'a backup, or a file that holds the words; without it they are asked for' },
  },
  flags: {
    'words-passphrase': {
      type: 'boolean',
      description: 'the words have a passphrase: asks for it, or reads it from the line after the words',
    },
  },
  examples: [
    ['indiecoin wallet restore', 'asks for the words, or reads what is piped in'],
    ['indiecoin wallet restore words.txt', 'reads them from a file'],
    ['indiecoin wallet restore --file wallet-backup.json', 'opens what `wallet backup` wrote'],
    ['indiecoin wallet restore --words-passphrase', 'asks for the passphrase that belongs to them too'],
  ],
  run: async (context) => {
    const { config, terminal } = context;
    const { dataDir } = config;
    if (WalletKeys.exists(dataDir)) {
      const message = `There is a wallet in ${dataDir} already. Stop the node, and move wallet.json and wallet.key away first.`;
      throw new CliError(EXIT.refused, message);
    }
    const file = optionalText(context, 'file');
    const text = await readSecret('The words: ', file);
    if (text.trim() === '') throw usageError('No words were given. Nothing was done.');
    const own = isBackup(text)
      ? await restoreBackup(context, file ?? 'the backup', text)
      : await restoreWords(context, await readWords(context, file, text));
    terminal.answer(own, () => [
      'The wallet is restored. Its coins appear as the chain is read: `indiecoin wallet balance`.',
      `An address of it: ${own.address}`,
    ]);
  },
};

/** Words never begin like this. */
function isBackup(text: string): boolean {
  return text.trimStart().startsWith('{');
}

async function restoreBackup(
  { config, node }: Context,
  name: string,
  text: string,
): Promise<OwnAddressAnswer> {
  const { dataDir, params } = config;
  const backup = parseBackup(name, text, params);
  const passphrase = needsPassphrase(backup) ? await passphraseToOpen('backup') : undefined;
  if (await node.isRunning()) {
    const given = { name, backup: text, ...(passphrase !== undefined && { passphrase }) };
    return node.call<OwnAddressAnswer>('walletrestorebackup', given);
  }
  const { keys } = await WalletKeys.create(dataDir, params, await openBackup(name, backup, passphrase));
  return describeOwnKey(keys, await keys.currentReceive(), params);
}

async function restoreWords({ config, node }: Context, secret: WalletSecret): Promise<OwnAddressAnswer> {
  const { dataDir, params } = config;
  const passphrase = await passphraseToSet();
  if (await node.isRunning()) {
    return node.call<OwnAddressAnswer>('walletrestore', {
      words: secret.words,
      ...(passphrase !== undefined && { passphrase }),
      ...(secret.wordsPassphrase !== '' && { words_passphrase: secret.wordsPassphrase }),
    });
  }
  const nowSec = Math.floor(Date.now() / 1000);
  const { keys } = await WalletKeys.create(dataDir, params, {
    ...secret,
    passphrase,
    birthHeight: 0,
    nowSec,
  });
  return describeOwnKey(keys, await keys.currentReceive(), params);
}

async function readWords(context: Context, file: string | undefined, text: string): Promise<WalletSecret> {
  if (context.arguments['words-passphrase'] !== true) return { words: checkWords(text), wordsPassphrase: '' };
  const isPiped = file === undefined && !process.stdin.isTTY;
  const end = isPiped ? text.indexOf('\n') : -1;
  const words = checkWords(end < 0 ? text : text.slice(0, end));
  const piped = isPiped ? (end < 0 ? '' : text.slice(end + 1)) : undefined;
  return { words, wordsPassphrase: await wordsPassphrase({ isNew: false, piped }) };
}
