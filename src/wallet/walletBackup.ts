import { z } from 'zod';
import type { NetworkParams } from '../params/networkParams.ts';
import { checkWords, type WalletSecret } from './keyTree.ts';
import { decodeSecret, openWords, PASSPHRASE_COST, sealWords } from './sealedWords.ts';
import { WalletError } from './walletError.ts';
import {
  checkOf,
  keptFields,
  type NewWallet,
  parseWalletFile,
  sealedBox,
  type WalletFile,
} from './walletFile.ts';

const SEALED_FORMAT = 'indiecoin-wallet-backup';
const COPY_FORMAT = 'indiecoin-wallet-copy';
/** A wallet with as many labels as it may have is smaller. */
export const MAX_BACKUP_BYTES = 256 * 1024 * 1024;

const head = { version: z.literal(1), network: z.string(), genesis: z.string() };
/** Everything under a passphrase. */
const sealedSchema = z.strictObject({
  format: z.literal(SEALED_FORMAT),
  ...head,
  content: sealedBox,
  check: z.string(),
});
/** `wallet.json` as it is, with what `wallet.key` holds where there is no passphrase: then the copy is the money. */
const copySchema = z.strictObject({
  format: z.literal(COPY_FORMAT),
  ...head,
  wallet: z.looseObject({}),
  key: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  check: z.string(),
});
const backupSchema = z.discriminatedUnion('format', [sealedSchema, copySchema]);
const contentSchema = z.strictObject({ words: z.string(), wordsPassphrase: z.string(), ...keptFields });

type Backup = z.infer<typeof backupSchema>;

/** One file with all that the chain does not tell: words, their passphrase, labels, watched keys, counters. */
export async function sealBackup(
  file: WalletFile,
  secret: WalletSecret,
  passphrase: string,
): Promise<string> {
  const content = JSON.stringify({ ...secret, ...keptOf(file) });
  const { network, genesis } = file;
  return encode({
    format: SEALED_FORMAT,
    version: 1,
    network,
    genesis,
    content: await sealWords(content, passphrase, PASSPHRASE_COST, boundTo(genesis)),
  });
}

/** A copy for which no passphrase is needed. @param key what `wallet.key` holds, of a wallet without a passphrase */
export function copyBackup(file: WalletFile, key: string | undefined): string {
  const { network, genesis } = file;
  const wallet = { ...file, check: checkOf(file) };
  return encode({
    format: COPY_FORMAT,
    version: 1,
    network,
    genesis,
    wallet,
    ...(key !== undefined && { key }),
  });
}

/** @param path for the messages @throws WalletError `damaged`, naming the file */
export function parseBackup(path: string, text: string, params: NetworkParams): Backup {
  const backup = parse(path, text);
  if (backup.genesis === params.genesisHash) return backup;
  const message = `${path} belongs to the network ${backup.network}, not to this ${params.name}.`;
  throw new WalletError('damaged', message);
}

export function needsPassphrase(backup: Backup): boolean {
  return backup.format === SEALED_FORMAT || backup.key === undefined;
}

/**
 * What to make the wallet of again, under the passphrase that opened the backup.
 * @throws WalletError `locked` without a passphrase where one is needed, `wrong-passphrase`, `damaged`
 */
export async function openBackup(
  path: string,
  backup: Backup,
  passphrase: string | undefined,
): Promise<NewWallet> {
  if (needsPassphrase(backup) && passphrase === undefined)
    throw new WalletError('locked', `${path} needs its passphrase.`);
  if (backup.format === SEALED_FORMAT) {
    const text = await openWords(backup.content, passphrase!, boundTo(backup.genesis));
    const { words, wordsPassphrase, ...kept } = contentSchema.parse(JSON.parse(text));
    return {
      words: checkWords(words),
      wordsPassphrase,
      passphrase,
      kept,
      nowSec: kept.createdSec,
      birthHeight: kept.birthHeight,
    };
  }
  const file = parseWalletFile(path, JSON.stringify(backup.wallet));
  const secret = decodeSecret(await openWords(file.words, backup.key ?? passphrase!, file.accountKey));
  const { birthHeight, createdSec: nowSec } = file;
  return {
    ...secret,
    passphrase: backup.key === undefined ? passphrase : undefined,
    kept: keptOf(file),
    nowSec,
    birthHeight,
  };
}

function parse(path: string, text: string): Backup {
  try {
    const backup = backupSchema.parse(JSON.parse(text));
    const { check, ...checked } = backup;
    if (check !== checkOf(checked)) throw new Error('its checksum is another');
    return backup;
  } catch (error) {
    const message = `${path} is damaged, or is no backup of a wallet. Nothing was done.`;
    throw new WalletError('damaged', message, { cause: error });
  }
}

function keptOf(file: WalletFile): NonNullable<NewWallet['kept']> {
  const { createdSec, birthHeight, receive, change, miningIndex, labels, watched } = file;
  return {
    createdSec,
    birthHeight,
    receive,
    change,
    labels,
    watched,
    ...(miningIndex !== undefined && { miningIndex }),
  };
}

function boundTo(genesis: string): string {
  return `${SEALED_FORMAT} ${genesis}`;
}

function encode(backup: object): string {
  return `${JSON.stringify({ ...backup, check: checkOf(backup) }, undefined, 2)}\n`;
}
