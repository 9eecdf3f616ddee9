import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import type { WalletSecret } from './keyTree.ts';
import { WalletError } from './walletError.ts';

/** Words under a password: scrypt makes the key, AES-256-GCM seals and authenticates. All bytes as hex. */
export type SealedWords = Readonly<{
  kdf: 'scrypt';
  /** scrypt's cost, block size and parallelism. */
  n: number;
  r: number;
  p: number;
  salt: string;
  cipher: 'aes-256-gcm';
  nonce: string;
  /** Ciphertext, then the 16-byte tag. */
  sealed: string;
}>;

/** 128 MB and about 0.4 s for one guess at a password that a person chose. */
export const PASSPHRASE_COST = 2 ** 17;
/** For 256 random bits guessing is hopeless anyway. */
export const RANDOM_KEY_COST = 2 ** 12;
const BLOCK_SIZE = 8;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** @param bound what the seal is for: opening it for anything else fails. */
export async function sealWords(
  words: string,
  password: string,
  cost: number,
  bound: string,
): Promise<SealedWords> {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const key = await deriveKey(password, salt, cost, BLOCK_SIZE, 1);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(bound));
  const sealed = Buffer.concat([cipher.update(words, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    kdf: 'scrypt',
    n: cost,
    r: BLOCK_SIZE,
    p: 1,
    salt: bytesToHex(salt),
    cipher: 'aes-256-gcm',
    nonce: bytesToHex(nonce),
    sealed: bytesToHex(sealed),
  };
}

/** @throws WalletError `wrong-passphrase` when the password, or any sealed byte, is not what it was. */
export async function openWords(box: SealedWords, password: string, bound: string): Promise<string> {
  const key = await deriveKey(password, hexToBytes(box.salt), box.n, box.r, box.p);
  const sealed = hexToBytes(box.sealed);
  const decipher = createDecipheriv('aes-256-gcm', key, hexToBytes(box.nonce), { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(bound))
    .setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const words = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    return Buffer.concat([words, decipher.final()]).toString('utf8');
  } catch (error) {
    throw new WalletError('wrong-passphrase', 'The wallet passphrase is wrong.', { cause: error });
  }
}

/** The words alone, or with their passphrase in a second line. */
export function encodeSecret({ words, wordsPassphrase }: WalletSecret): string {
  return wordsPassphrase === '' ? words : `${words}\n${wordsPassphrase}`;
}

export function decodeSecret(text: string): WalletSecret {
  const end = text.indexOf('\n');
  if (end < 0) return { words: text, wordsPassphrase: '' };
  return { words: text.slice(0, end), wordsPassphrase: text.slice(end + 1) };
}

function deriveKey(password: string, salt: Uint8Array, n: number, r: number, p: number): Promise<Buffer> {
  const options = { N: n, r, p, maxmem: 256 * n * r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
