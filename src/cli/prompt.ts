import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { systemReason } from '../node/systemReason.ts';
import { CliError, usageError } from './cliError.ts';
import { EXIT } from './exitCodes.ts';

/** Asks on the terminal without showing what is typed. */
export async function askSecret(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Not before: who answers at once would see it on the screen.
  process.stderr.write(question);
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      lines.once('SIGINT', () => reject(new CliError(EXIT.failure, 'Nothing was done.')));
      lines.once('close', () => reject(new CliError(EXIT.failure, 'Nothing was done.')));
      void lines.question('').then(resolve, reject);
    });
    return answer;
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** A passphrase that came with the environment: the variable, or the first line of the file that it names. */
export function passphraseOfEnvironment(environment: NodeJS.ProcessEnv): string | undefined {
  const { INDIECOIN_WALLET_PASSPHRASE: passphrase, INDIECOIN_WALLET_PASSPHRASE_FILE: path } = environment;
  if (passphrase !== undefined && passphrase !== '') return passphrase;
  if (path === undefined || path === '') return undefined;
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/)[0]!;
  } catch (error) {
    throw usageError(`INDIECOIN_WALLET_PASSPHRASE_FILE: ${path} cannot be read: ${systemReason(error)}.`);
  }
}

/** The passphrase that opens the wallet, or what else is named. @throws CliError `locked` where there is nobody to ask */
export async function passphraseToOpen(what = 'wallet'): Promise<string> {
  const known = passphraseOfEnvironment(process.env);
  if (known !== undefined) return known;
  if (process.stdin.isTTY) return askSecret(`Passphrase of the ${what}: `);
  const how = 'Set INDIECOIN_WALLET_PASSPHRASE_FILE or INDIECOIN_WALLET_PASSPHRASE.';
  throw new CliError(
    EXIT.locked,
    `The ${what} has a passphrase, and there is no terminal to ask for it. ${how}`,
  );
}

/** A passphrase for a new wallet; undefined for none. Somebody at a terminal is asked twice. */
export async function passphraseToSet(): Promise<string | undefined> {
  const known = passphraseOfEnvironment(process.env);
  if (known !== undefined || !process.stdin.isTTY) return known;
  const first = await askSecret('Passphrase for the wallet (Enter for none): ');
  if (first === '') return undefined;
  if ((await askSecret('Once more: ')) !== first)
    throw usageError('The two passphrases differ. Nothing was done.');
  return first;
}

/** A passphrase for a file whose wallet has none. */
export async function passphraseToSeal(): Promise<string> {
  return passphraseOfEnvironment(process.env) ?? newPassphrase();
}

/** Another passphrase for a wallet: typed twice at a terminal, or the first line of what is piped in. */
export async function newPassphrase(): Promise<string> {
  if (!process.stdin.isTTY) return firstLine(await readAll(process.stdin), 'The new passphrase');
  const first = await askSecret('New passphrase: ');
  if (first === '') throw usageError('A passphrase cannot be empty. Nothing was done.');
  if ((await askSecret('Once more: ')) !== first)
    throw usageError('The two passphrases differ. Nothing was done.');
  return first;
}

/**
 * BIP39's passphrase for words: typed at a terminal, twice when it is new, or the first line of what is piped in. Never
 * an argument: those are seen by every process, and kept in the shell's history.
 */
export async function wordsPassphrase(options: {
  isNew: boolean;
  piped?: string | undefined;
}): Promise<string> {
  const { isNew, piped } = options;
  if (piped !== undefined || !process.stdin.isTTY)
    return firstLine(piped ?? (await readAll(process.stdin)), 'The passphrase of the words');
  const first = await askSecret('Passphrase of the words (a "25th word"): ');
  if (isNew && first === '') throw usageError('A passphrase of no letters is none. Nothing was done.');
  if (isNew && (await askSecret('Once more: ')) !== first)
    throw usageError('The two passphrases differ. Nothing was done.');
  return first;
}

function firstLine(text: string, what: string): string {
  const line = text.split(/\r?\n/)[0]!;
  if (line !== '') return line;
  throw usageError(`${what} was to be the first line of the input, and there is none.`);
}

/** A secret from a file, from what is piped in, or from the terminal. */
export async function readSecret(question: string, path: string | undefined): Promise<string> {
  if (path !== undefined) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw usageError(`${path} cannot be read: ${systemReason(error)}.`);
    }
  }
  return process.stdin.isTTY ? askSecret(question) : readAll(process.stdin);
}
