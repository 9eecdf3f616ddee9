import { HDKey } from '@scure/bip32';
import { generateMnemonic, mnemonicToSeed, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { WalletError } from './walletError.ts';

/**
 * Where the keys lie in the BIP32 tree: BIP44's shape with 8888 for the coin. Below it, `0/i` are addresses to be paid at
 * and `1/i` take change. Nothing below it is hardened, so this one extended public key finds every coin of the wallet
 * while the private half stays sealed.
 */
export const ACCOUNT_PATH = "m/44'/8888'/0'";

/** Twelve words carry 128 bits: as much as breaking a secp256k1 key costs. Twenty-four are for those who want them. */
const BITS_OF_WORDS = { 12: 128, 24: 256 } as const;

export type WordCount = keyof typeof BITS_OF_WORDS;

/** What all private keys come from. */
export type WalletSecret = Readonly<{
  words: string;
  /** BIP39's, also called a 25th word: other keys with every other one, and none is wrong. Empty where the owner chose none. */
  wordsPassphrase: string;
}>;

export type KeyChain = 'receive' | 'change';

/** Which key below the account. */
export type KeyPath = Readonly<{ chain: KeyChain; index: number }>;

export function newWords(count: WordCount = 12): string {
  return generateMnemonic(wordlist, BITS_OF_WORDS[count]);
}

/** @throws WalletError `bad-words` for a passphrase that nobody could type again */
export function checkWordsPassphrase(text: string): string {
  if (/\p{Cc}/u.test(text))
    throw new WalletError('bad-words', 'The passphrase of the words holds a control character.');
  return text;
}

/** The longest of the 2048 has eight letters: a mistyped one is hardly longer. */
const LONGEST_SHOWN = 12;

/** The words in their one spelling. @throws WalletError naming the first that is not in the list. */
export function checkWords(text: string): string {
  const words = text.normalize('NFKD').toLowerCase().trim().split(/\s+/);
  const unknown = words.find((word) => !wordlist.includes(word));
  if (unknown !== undefined) {
    // All of them with commas between, or another file's secret, must not be printed.
    const isShown = unknown.length <= LONGEST_SHOWN && /^\p{L}*$/u.test(unknown);
    const what = isShown ? `"${unknown}"` : `Number ${words.indexOf(unknown) + 1}`;
    throw new WalletError(
      'bad-words',
      `${what} is not one of the 2048 words that a wallet is written down in, with a space between each and the next.`,
    );
  }
  const joined = words.join(' ');
  if (!validateMnemonic(joined, wordlist)) {
    throw new WalletError(
      'bad-words',
      'These words do not belong together: one is wrong, missing, or out of order.',
    );
  }
  return joined;
}

/** The account with its private key, which the caller wipes, and the fingerprint of the root (4 bytes as hex). */
export async function accountOf({
  words,
  wordsPassphrase,
}: WalletSecret): Promise<{ account: HDKey; masterFingerprint: string }> {
  const seed = await mnemonicToSeed(words, wordsPassphrase);
  const master = HDKey.fromMasterSeed(seed);
  seed.fill(0);
  const account = master.derive(ACCOUNT_PATH);
  const masterFingerprint = master.fingerprint.toString(16).padStart(8, '0');
  master.wipePrivateData();
  return { account, masterFingerprint };
}

/** Whether it is an extended key, which has a checksum of its own. */
export function isAccountKey(text: string): boolean {
  try {
    HDKey.fromExtendedKey(text);
    return true;
  } catch {
    return false;
  }
}

export function chainNumber(chain: KeyChain): number {
  return chain === 'receive' ? 0 : 1;
}
