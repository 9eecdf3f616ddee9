import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../bytes/atomicFile.ts';
import { crc32 } from '../bytes/bytes.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { GAP_LIMIT, type KeyCounts, KeyRing } from './keyRing.ts';
import {
  accountOfWords,
  chainNumber,
  checkWords,
  isAccountKey,
  type KeyChain,
  type KeyPath,
  newWords,
} from './keyTree.ts';
import { openWords, PASSPHRASE_COST, RANDOM_KEY_COST, sealWords } from './sealedWords.ts';
import { WalletError } from './walletError.ts';

export const WALLET_FILE = 'wallet.json';
/** The random password of a wallet without a passphrase. */
export const WALLET_KEY_FILE = 'wallet.key';

const hex = z.string().regex(/^([0-9a-f]{2})+$/);
const counts = z.strictObject({ handedOut: z.int().min(0), used: z.int().min(0) });
const fileSchema = z.strictObject({
  version: z.literal(1),
  network: z.string(),
  genesis: z.string(),
  createdSec: z.int().min(0),
  /** The chain's height when the keys were made: no coin of theirs is older. */
  birthHeight: z.int().min(0),
  protection: z.enum(['passphrase', 'key-file']),
  accountKey: z.string(),
  words: z.strictObject({
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
  }),
  receive: counts,
  change: counts,
  miningIndex: z.int().min(0).optional(),
  /** CRC-32 of all of the above, see checkOf. Wallets of the first versions have none. */
  check: z.string().optional(),
});
type WalletFile = Omit<z.infer<typeof fileSchema>, 'check'>;

/**
 * The keys in `wallet.json`: the words sealed, the extended public key and the counters in the open, so that coins are
 * found and addresses given while the wallet is locked. Without a passphrase the words are sealed with a random key in a
 * file of its own, `wallet.key`: a copy of `wallet.json` alone is worth nothing, a copy of the folder is the money.
 */
export class WalletKeys {
  readonly ring: KeyRing;
  readonly #dataDir: string;
  #file: WalletFile;
  #saving: Promise<void> = Promise.resolve();

  private constructor(dataDir: string, file: WalletFile) {
    this.#dataDir = dataDir;
    this.#file = file;
    this.ring = new KeyRing(file.accountKey, { receive: file.receive, change: file.change });
  }

  static exists(dataDir: string): boolean {
    return existsSync(join(dataDir, WALLET_FILE));
  }

  /** The keys in the folder, if there are any. @throws WalletError when the file is damaged or another network's. */
  static load(dataDir: string, params: NetworkParams): WalletKeys | undefined {
    const path = join(dataDir, WALLET_FILE);
    if (!existsSync(path)) return undefined;
    const file = parseFile(path, readFileSync(path, 'utf8'));
    if (file.genesis !== params.genesisHash) {
      throw new WalletError(
        'damaged',
        `${path} belongs to the network ${file.network}, not to this ${params.name}.`,
      );
    }
    return new WalletKeys(dataDir, file);
  }

  /**
   * Makes a wallet in a folder that has none.
   * @param options.words restores these instead of making new ones
   * @param options.passphrase seals the words; without it a key file does
   */
  static async create(
    dataDir: string,
    params: NetworkParams,
    options: { words?: string; passphrase?: string | undefined; birthHeight: number; nowSec: number },
  ): Promise<{ keys: WalletKeys; words: string }> {
    if (WalletKeys.exists(dataDir))
      throw new WalletError('exists', `There is a wallet in ${dataDir} already.`);
    const words = options.words === undefined ? newWords() : checkWords(options.words);
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const account = await accountOfWords(words);
    const accountKey = account.publicExtendedKey;
    account.wipePrivateData();
    const isProtected = options.passphrase !== undefined;
    const password = options.passphrase ?? (await makeKeyFile(dataDir));
    const cost = isProtected ? PASSPHRASE_COST : RANDOM_KEY_COST;
    const file: WalletFile = {
      version: 1,
      network: params.name,
      genesis: params.genesisHash,
      createdSec: options.nowSec,
      birthHeight: options.birthHeight,
      protection: isProtected ? 'passphrase' : 'key-file',
      accountKey,
      words: await sealWords(words, password, cost, accountKey),
      receive: { handedOut: 0, used: 0 },
      change: { handedOut: 0, used: 0 },
    };
    const keys = new WalletKeys(dataDir, file);
    await keys.save();
    return { keys, words };
  }

  get protection(): WalletFile['protection'] {
    return this.#file.protection;
  }

  /** Identifies the keys: whatever was derived from other keys is not of this wallet. */
  get accountKey(): string {
    return this.#file.accountKey;
  }

  get birthHeight(): number {
    return this.#file.birthHeight;
  }

  /** The address to show: the first that was not paid yet. */
  async currentReceive(): Promise<KeyPath> {
    const { used, handedOut } = this.ring.counts('receive');
    const index = used === this.#file.miningIndex ? used + 1 : used;
    if (index >= handedOut) {
      while (this.ring.counts('receive').handedOut <= index) this.ring.handOut('receive');
      await this.save();
    }
    return { chain: 'receive', index };
  }

  /** One that was never given to anybody. @throws WalletError when too many lie unused for a restore to find them. */
  async freshKey(chain: KeyChain): Promise<KeyPath> {
    const { handedOut, used } = this.ring.counts(chain);
    if (chain === 'receive' && handedOut - used >= GAP_LIMIT - 1) {
      throw new WalletError(
        'too-many-addresses',
        `${handedOut - used} addresses wait for their first payment; with more, restoring from the words might miss one.`,
      );
    }
    const path = this.ring.handOut(chain);
    await this.save();
    return path;
  }

  /** A key for change. When many wait for a block it is an older one again, so that a restore finds them all. */
  async changeKey(): Promise<KeyPath> {
    const { handedOut, used } = this.ring.counts('change');
    if (handedOut - used < GAP_LIMIT - 1) return this.freshKey('change');
    return { chain: 'change', index: handedOut - 1 };
  }

  /** The key that mining pays to, made at the first call. */
  async miningKey(): Promise<{ path: KeyPath; isNew: boolean }> {
    const known = this.#file.miningIndex;
    if (known !== undefined) return { path: { chain: 'receive', index: known }, isNew: false };
    const path = this.ring.handOut('receive');
    this.#file = { ...this.#file, miningIndex: path.index };
    await this.save();
    return { path, isNew: true };
  }

  /** The words, for a backup. @throws WalletError `locked` or `wrong-passphrase` */
  async revealWords(passphrase: string | undefined): Promise<string> {
    const { words, accountKey, protection } = this.#file;
    try {
      return await openWords(words, this.#password(passphrase), accountKey);
    } catch (error) {
      const isKeyFile = protection === 'key-file';
      if (!isKeyFile || !(error instanceof WalletError) || error.code !== 'wrong-passphrase') throw error;
      const path = join(this.#dataDir, WALLET_KEY_FILE);
      const message = `${path} does not open the wallet: it is damaged. Restore the wallet from its words.`;
      throw new WalletError('damaged', message, { cause: error });
    }
  }

  /** The private keys of these paths, in their order, 32 bytes each. The caller wipes them. */
  async privateKeys(paths: readonly KeyPath[], passphrase: string | undefined): Promise<Uint8Array[]> {
    const account = await accountOfWords(await this.revealWords(passphrase));
    const nodes = {
      receive: account.deriveChild(chainNumber('receive')),
      change: account.deriveChild(chainNumber('change')),
    };
    const keys = paths.map(({ chain, index }) => {
      const key = nodes[chain].deriveChild(index).privateKey;
      if (key === null) throw new Error(`no private key at ${chain}/${index}`);
      return key;
    });
    for (const node of [account, nodes.receive, nodes.change]) node.wipePrivateData();
    return keys;
  }

  /** Writes the file as it is now. One write at a time: a block and a person may both have used a key. */
  async save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#write());
    await this.#saving;
  }

  async #write(): Promise<void> {
    const countsOf = (chain: KeyChain): KeyCounts => this.ring.counts(chain);
    this.#file = { ...this.#file, receive: countsOf('receive'), change: countsOf('change') };
    const text = `${JSON.stringify({ ...this.#file, check: checkOf(this.#file) }, undefined, 2)}
`;
    await writeFileAtomic(join(this.#dataDir, WALLET_FILE), text);
  }

  #password(passphrase: string | undefined): string {
    if (this.#file.protection === 'passphrase') {
      if (passphrase !== undefined) return passphrase;
      throw new WalletError('locked', 'The wallet is locked: it needs its passphrase for this.');
    }
    const path = join(this.#dataDir, WALLET_KEY_FILE);
    try {
      return readFileSync(path, 'utf8').trim();
    } catch (error) {
      throw new WalletError(
        'damaged',
        `The wallet cannot be opened without ${path}. Restore it from its words.`,
        {
          cause: error,
        },
      );
    }
  }
}

function parseFile(path: string, text: string): WalletFile {
  try {
    const { check, ...file } = fileSchema.parse(JSON.parse(text));
    if (check !== undefined && check !== checkOf(file)) throw new Error('its checksum is another');
    if (!isAccountKey(file.accountKey)) throw new Error('its account key is none');
    return file;
  } catch (error) {
    throw new WalletError('damaged', `${path} is damaged. Restore the wallet from its words.`, {
      cause: error,
    });
  }
}

/** A digit that flips in a height or a counter still makes a wallet, which then misses coins. */
function checkOf(file: WalletFile): string {
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

/** A key file that lies there already is used on: a copy of an older wallet.json may need it. */
async function makeKeyFile(dataDir: string): Promise<string> {
  const path = join(dataDir, WALLET_KEY_FILE);
  if (existsSync(path)) {
    const known = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f]{64}$/.test(known)) return known;
    throw new WalletError(
      'damaged',
      `${path} is damaged, and may belong to a wallet elsewhere. Move it away to make a new wallet here.`,
    );
  }
  const password = randomBytes(32).toString('hex');
  await writeFileAtomic(path, `${password}\n`);
  return password;
}
