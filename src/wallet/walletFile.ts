import { z } from 'zod';
import { crc32 } from '../bytes/bytes.ts';
import { isAccountKey, type WordCount } from './keyTree.ts';
import { WalletError } from './walletError.ts';

/** More than anybody types; a wallet's file is read and written as a whole. */
export const MAX_LABEL_LENGTH = 1000;
export const MAX_LABELS = 100_000;
export const MAX_WATCHED = 10_000;

const hex = z.string().regex(/^([0-9a-f]{2})+$/);
const publicKey = z.string().regex(/^0[23][0-9a-f]{64}$/);
const counts = z.strictObject({ handedOut: z.int().min(0), used: z.int().min(0) });
export const sealedBox = z.strictObject({
  kdf: z.literal('scrypt'),
  n: z
    .int()
    .min(2)
    .max(2 ** 22),
  r: z.int().min(1).max(32),
  p: z.int().min(1).max(16),
  salt: hex,
  cipher: z.literal('aes-256-gcm'),
  nonce: hex,
  sealed: hex,
});
const common = {
  network: z.string(),
  genesis: z.string(),
  createdSec: z.int().min(0),
  /** The chain's height when the keys were made: no coin of theirs is older. */
  birthHeight: z.int().min(0),
  protection: z.enum(['passphrase', 'key-file']),
  accountKey: z.string(),
  /** The words, and after a line feed their passphrase where they have one. */
  words: sealedBox,
  receive: counts,
  change: counts,
  miningIndex: z.int().min(0).optional(),
};
const watchedKey = z.strictObject({
  publicKey,
  /** The first block that was looked through for its coins. */
  fromHeight: z.int().min(0),
  addedSec: z.int().min(0),
});
/** What the words do not tell, and a backup keeps beside them. */
export const keptFields = {
  createdSec: common.createdSec,
  birthHeight: common.birthHeight,
  receive: common.receive,
  change: common.change,
  miningIndex: common.miningIndex,
  /** By public key: what the owner calls it, and keys of others too. */
  labels: z.record(publicKey, z.string().max(MAX_LABEL_LENGTH)),
  /** Keys of others whose coins are shown. The order stays: coins are kept under the position. */
  watched: z.array(watchedKey).max(MAX_WATCHED),
};
const version1 = z.strictObject({
  version: z.literal(1),
  ...common,
  /** CRC-32 of all of the above, see checkOf. Wallets of the first versions have none. */
  check: z.string().optional(),
});
const version2 = z.strictObject({
  version: z.literal(2),
  ...common,
  ...keptFields,
  /** BIP32's fingerprint of the root key. Wallets that began as version 1 have none. */
  masterFingerprint: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .optional(),
  check: z.string(),
});

export type KeptFields = Readonly<z.infer<z.ZodObject<typeof keptFields>>>;
export type WatchedKey = Readonly<z.infer<typeof watchedKey>>;
/** What a wallet is made of. */
export type NewWallet = Readonly<{
  /** Restores these; new ones are made when there are none. */
  words?: string | undefined;
  /** Of new words. */
  wordCount?: WordCount | undefined;
  /** BIP39's, see WalletSecret. */
  wordsPassphrase?: string | undefined;
  /** Seals the words; without it a key file does. */
  passphrase?: string | undefined;
  /** Of a backup. */
  kept?: KeptFields | undefined;
  birthHeight: number;
  nowSec: number;
}>;

/** What `wallet.json` holds, its checksum apart. */
export type WalletFile = Omit<z.infer<typeof version2>, 'check'>;

/**
 * Reads both versions; what is written is always version 2.
 * @param path for the message @throws WalletError `damaged`
 */
export function parseWalletFile(path: string, text: string): WalletFile {
  try {
    const json: unknown = JSON.parse(text);
    const isFirst = isRecord(json) && json.version === 1;
    const { check, ...file } = isFirst ? version1.parse(json) : version2.parse(json);
    if (check !== undefined && check !== checkOf(file)) throw new Error('its checksum is another');
    if (!isAccountKey(file.accountKey)) throw new Error('its account key is none');
    return file.version === 2 ? file : { ...file, version: 2, labels: {}, watched: [] };
  } catch (error) {
    throw new WalletError('damaged', `${path} is damaged. Restore the wallet from its words.`, {
      cause: error,
    });
  }
}

export function encodeWalletFile(file: WalletFile): string {
  return `${JSON.stringify({ ...file, check: checkOf(file) }, undefined, 2)}\n`;
}

/** Of any record but its checksum: a digit that flips in a height or a counter still makes a wallet, which then misses coins. */
export function checkOf(file: object): string {
  const text = JSON.stringify(file, (_, value) => (isRecord(value) ? sorted(value) : value));
  return crc32(Buffer.from(text)).toString(16).padStart(8, '0');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** With its fields in one order, whoever wrote them. */
function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
