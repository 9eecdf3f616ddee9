import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeFileAtomic } from '../bytes/atomicFile.ts';
import { bytesToHex } from '../bytes/hex.ts';
import type { NetworkParams } from '../params/networkParams.ts';
import { GAP_LIMIT, type KeyCounts, KeyRing } from './keyRing.ts';
import {
  accountOf,
  chainNumber,
  checkWords,
  checkWordsPassphrase,
  type KeyChain,
  type KeyPath,
  newWords,
  type WalletSecret,
} from './keyTree.ts';
import {
  decodeSecret,
  encodeSecret,
  openWords,
  PASSPHRASE_COST,
  RANDOM_KEY_COST,
  sealWords,
} from './sealedWords.ts';
import { UnlockedAccount } from './unlockedAccount.ts';
import { copyBackup, sealBackup } from './walletBackup.ts';
import { WalletError } from './walletError.ts';
import {
  encodeWalletFile,
  MAX_LABEL_LENGTH,
  MAX_LABELS,
  type NewWallet,
  parseWalletFile,
  type WalletFile,
  type WatchedKey,
} from './walletFile.ts';

export const WALLET_FILE = 'wallet.json';
/** The random password of a wallet without a passphrase. */
export const WALLET_KEY_FILE = 'wallet.key';
/** The same until `wallet.json` is there: a kill in between must not look like a wallet that was lost. */
const MADE_KEY_FILE = 'wallet.key.made';
/** Addresses that wait for their first payment at once: each is derived at every start. Bitcoin Core's keypool has as many. */
const MAX_UNUSED = 1000;

/**
 * The keys in `wallet.json`: the words sealed, the extended public key and the counters in the open, so that coins are
 * found and addresses given while the wallet is locked. Without a passphrase the words are sealed with a random key in a
 * file of its own, `wallet.key`: a copy of `wallet.json` alone is worth nothing, a copy of the folder is the money.
 */
export class WalletKeys {
  readonly ring: KeyRing;
  /** By public key in hex, see addressBook. */
  readonly labels: ReadonlyMap<string, string>;
  readonly #labels: Map<string, string>;
  readonly #unlocked = new UnlockedAccount();
  readonly #dataDir: string;
  #file: WalletFile;
  #saving: Promise<void> = Promise.resolve();

  private constructor(dataDir: string, file: WalletFile) {
    this.#dataDir = dataDir;
    this.#file = file;
    this.labels = this.#labels = new Map(Object.entries(file.labels));
    this.ring = new KeyRing(file.accountKey, { receive: file.receive, change: file.change });
  }

  static exists(dataDir: string): boolean {
    return existsSync(join(dataDir, WALLET_FILE));
  }

  /** The keys in the folder, if there are any. @throws WalletError when the file is damaged or another network's. */
  static load(dataDir: string, params: NetworkParams): WalletKeys | undefined {
    const path = join(dataDir, WALLET_FILE);
    if (!existsSync(path)) return undefined;
    const file = parseWalletFile(path, readFileSync(path, 'utf8'));
    if (file.genesis !== params.genesisHash) {
      throw new WalletError(
        'damaged',
        `${path} belongs to the network ${file.network}, not to this ${params.name}.`,
      );
    }
    const keyFile = join(dataDir, WALLET_KEY_FILE);
    const made = join(dataDir, MADE_KEY_FILE);
    if (file.protection === 'key-file' && !existsSync(keyFile) && existsSync(made)) renameSync(made, keyFile);
    return new WalletKeys(dataDir, file);
  }

  /**
   * What to know of a folder that has lost its wallet, as a sentence: `wallet.json` is gone and `wallet.key` is left.
   * Another wallet in its place would look like the same one without its coins.
   */
  static lost(dataDir: string): string | undefined {
    const keyFile = join(dataDir, WALLET_KEY_FILE);
    if (WalletKeys.exists(dataDir) || !existsSync(keyFile)) return undefined;
    const path = join(dataDir, WALLET_FILE);
    return `There was a wallet: ${path} is gone, and ${keyFile}, which opens it, is still there. Stop the node and put a copy of ${WALLET_FILE} back, or restore the wallet from its words: \`indiecoin wallet restore\`. To begin another wallet, move ${WALLET_KEY_FILE} away.`;
  }

  /**
   * Makes a wallet in a folder that has none. Only known words do so where one was lost.
   * @throws WalletError `exists`, `bad-words`, `damaged`
   */
  static async create(
    dataDir: string,
    params: NetworkParams,
    options: NewWallet,
  ): Promise<{ keys: WalletKeys; words: string }> {
    if (WalletKeys.exists(dataDir))
      throw new WalletError('exists', `There is a wallet in ${dataDir} already.`);
    const lost = options.words === undefined ? WalletKeys.lost(dataDir) : undefined;
    if (lost !== undefined) throw new WalletError('damaged', lost);
    const words = options.words === undefined ? newWords(options.wordCount) : checkWords(options.words);
    const secret = { words, wordsPassphrase: checkWordsPassphrase(options.wordsPassphrase ?? '') };
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const { account, masterFingerprint } = await accountOf(secret);
    const accountKey = account.publicExtendedKey;
    account.wipePrivateData();
    const isProtected = options.passphrase !== undefined;
    const keyFile = join(dataDir, WALLET_KEY_FILE);
    const isNewKey = !isProtected && !existsSync(keyFile);
    const password = options.passphrase ?? (await makeKeyFile(dataDir));
    const cost = isProtected ? PASSPHRASE_COST : RANDOM_KEY_COST;
    const file: WalletFile = {
      version: 2,
      network: params.name,
      genesis: params.genesisHash,
      createdSec: options.nowSec,
      birthHeight: options.birthHeight,
      protection: isProtected ? 'passphrase' : 'key-file',
      accountKey,
      masterFingerprint,
      words: await sealWords(encodeSecret(secret), password, cost, accountKey),
      receive: { handedOut: 0, used: 0 },
      change: { handedOut: 0, used: 0 },
      labels: {},
      watched: [],
      ...options.kept,
    };
    const keys = new WalletKeys(dataDir, file);
    await keys.save();
    if (isNewKey) {
      await rename(join(dataDir, MADE_KEY_FILE), keyFile);
      await syncFolder(dataDir);
    }
    return { keys, words };
  }

  get protection(): WalletFile['protection'] {
    return this.#file.protection;
  }

  /** Identifies the keys: whatever was derived from other keys is not of this wallet. */
  get accountKey(): string {
    return this.#file.accountKey;
  }

  /** Of the root key, 4 bytes as hex. Wallets of the first version do not know it. */
  get masterFingerprint(): string | undefined {
    return this.#file.masterFingerprint;
  }

  get createdSec(): number {
    return this.#file.createdSec;
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

  /**
   * One that was never given to anybody. This wallet and its backups know of all that were; for one beyond the gap limit see
   * `isBeyondGap`. @throws WalletError `too-many-addresses`
   */
  async freshKey(chain: KeyChain): Promise<KeyPath> {
    const { handedOut, used } = this.ring.counts(chain);
    if (handedOut - used >= MAX_UNUSED) {
      const message = `${handedOut - used} addresses wait for their first payment. Use one of those again.`;
      throw new WalletError('too-many-addresses', message);
    }
    const path = this.ring.handOut(chain);
    await this.save();
    return path;
  }

  /** Whether whoever restores the wallet from its words alone would miss a payment to this key, were it the next one. */
  isBeyondGap({ chain, index }: KeyPath): boolean {
    return index >= this.ring.counts(chain).used + GAP_LIMIT;
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

  /** The words and their passphrase, for a backup. @throws WalletError `locked` or `wrong-passphrase` */
  async revealSecret(passphrase: string | undefined): Promise<WalletSecret> {
    const { words, accountKey, protection } = this.#file;
    try {
      return decodeSecret(await openWords(words, this.#password(passphrase), accountKey));
    } catch (error) {
      const isKeyFile = protection === 'key-file';
      if (!isKeyFile || !(error instanceof WalletError) || error.code !== 'wrong-passphrase') throw error;
      const path = join(this.#dataDir, WALLET_KEY_FILE);
      const message = `${path} does not open the wallet: it is damaged. Restore the wallet from its words.`;
      throw new WalletError('damaged', message, { cause: error });
    }
  }

  /**
   * The private keys of these paths, in their order, 32 bytes each. The caller wipes them.
   * @param passphrase not needed while the wallet is unlocked @throws WalletError `locked` or `wrong-passphrase`
   */
  async privateKeys(paths: readonly KeyPath[], passphrase: string | undefined): Promise<Uint8Array[]> {
    const held = passphrase === undefined ? this.#unlocked.account : undefined;
    const account = held ?? (await accountOf(await this.revealSecret(passphrase))).account;
    const nodes = {
      receive: account.deriveChild(chainNumber('receive')),
      change: account.deriveChild(chainNumber('change')),
    };
    const keys = paths.map(({ chain, index }) => {
      const key = nodes[chain].deriveChild(index).privateKey;
      if (key === null) throw new Error(`no private key at ${chain}/${index}`);
      return key;
    });
    for (const node of [nodes.receive, nodes.change]) node.wipePrivateData();
    if (held === undefined) account.wipePrivateData();
    return keys;
  }

  /** Everything in one text for a backup, under a passphrase. @throws WalletError `locked` or `wrong-passphrase` */
  async sealBackup(passphrase: string | undefined, backupPassphrase: string): Promise<string> {
    return sealBackup(this.#current(), await this.revealSecret(passphrase), backupPassphrase);
  }

  /** A copy of what is in the folder, in one text: without a passphrase it holds the key, and is the money. */
  copyBackup(): string {
    const key = this.protection === 'passphrase' ? undefined : this.#password(undefined);
    return copyBackup(this.#current(), key);
  }

  /** Whether private keys need the passphrase now. */
  get isLocked(): boolean {
    return this.protection === 'passphrase' && this.#unlocked.account === undefined;
  }

  /** Unix time; 0 while locked. */
  get unlockedUntilSec(): number {
    return this.#unlocked.untilSec;
  }

  /** Keeps the private key in memory for so long; called again, from now on. @throws WalletError `wrong-passphrase` */
  async unlock(passphrase: string, seconds: number): Promise<void> {
    if (this.protection !== 'passphrase')
      throw new WalletError('wrong-state', 'The wallet has no passphrase.');
    const { account } = await accountOf(await this.revealSecret(passphrase));
    this.#unlocked.hold(account, seconds);
  }

  lock(): void {
    this.#unlocked.wipe();
  }

  /**
   * Seals the words under another passphrase, or under the first one: the key file goes then. After a kill either the old
   * one opens the wallet or the new one.
   * @param old undefined for a wallet that has none @throws WalletError `wrong-passphrase`, `wrong-state`
   */
  async changePassphrase(old: string | undefined, passphrase: string): Promise<void> {
    const { protection, words, accountKey } = this.#file;
    if ((protection === 'passphrase') !== (old !== undefined)) {
      const message = protection === 'passphrase' ? 'has a passphrase already' : 'has no passphrase';
      throw new WalletError('wrong-state', `The wallet ${message}.`);
    }
    const text = encodeSecret(await this.revealSecret(old));
    const sealed = await sealWords(text, passphrase, PASSPHRASE_COST, accountKey);
    this.#file = { ...this.#file, protection: 'passphrase', words: sealed };
    try {
      await this.save();
    } catch (error) {
      this.#file = { ...this.#file, protection, words };
      throw error;
    }
    if (protection === 'key-file') await rm(join(this.#dataDir, WALLET_KEY_FILE), { force: true });
  }

  /** Names a key, ours or another's. On the disk when this resolves. @throws WalletError `too-many-labels` */
  async setLabel(publicKey: Uint8Array, label: string): Promise<void> {
    const key = bytesToHex(publicKey);
    const isOwn = this.ring.find(publicKey) !== undefined;
    if (label.length > MAX_LABEL_LENGTH || (!this.#labels.has(key) && this.#labels.size >= MAX_LABELS)) {
      const message = `A wallet keeps ${MAX_LABELS} labels of at most ${MAX_LABEL_LENGTH} characters.`;
      throw new WalletError('too-many-labels', message);
    }
    // An own address without a name is listed anyway.
    if (label === '' && isOwn) this.#labels.delete(key);
    else this.#labels.set(key, label);
    await this.save();
  }

  /** Keys of others whose coins are shown. */
  get watched(): readonly WatchedKey[] {
    return this.#file.watched;
  }

  /** On the disk when this resolves. */
  async setWatched(watched: readonly WatchedKey[]): Promise<void> {
    const before = this.#file.watched;
    this.#file = { ...this.#file, watched: [...watched] };
    try {
      await this.save();
    } catch (error) {
      this.#file = { ...this.#file, watched: before };
      throw error;
    }
  }

  /** The keys may have coins in older blocks than was believed. */
  async setBirthHeight(birthHeight: number): Promise<void> {
    this.#file = { ...this.#file, birthHeight };
    await this.save();
  }

  /** Writes the file as it is now. One write at a time: a block and a person may both have used a key. */
  async save(): Promise<void> {
    this.#saving = this.#saving.catch(() => undefined).then(() => this.#write());
    await this.#saving;
  }

  async #write(): Promise<void> {
    this.#file = this.#current();
    await writeFileAtomic(join(this.#dataDir, WALLET_FILE), encodeWalletFile(this.#file));
  }

  /** With the counters and labels as they are now. */
  #current(): WalletFile {
    const countsOf = (chain: KeyChain): KeyCounts => this.ring.counts(chain);
    const labels = Object.fromEntries(this.#labels);
    return { ...this.#file, receive: countsOf('receive'), change: countsOf('change'), labels };
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

/** A key file that lies there already is used on: a copy of an older wallet.json may need it. A new one gets its name later. */
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
  await writeFileAtomic(join(dataDir, MADE_KEY_FILE), `${password}\n`);
  return password;
}
