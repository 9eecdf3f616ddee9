import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { HDKey } from '@scure/bip32';
import { hexToBytes } from '../../../src/bytes/hex.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { accountOf, checkWords, checkWordsPassphrase, newWords } from '../../../src/wallet/keyTree.ts';
import { decodeSecret, encodeSecret } from '../../../src/wallet/sealedWords.ts';
import { WalletKeys } from '../../../src/wallet/walletKeys.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-tree-'));
after(() => rmSync(root, { recursive: true, force: true }));

const TWELVE =
  'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const ACCOUNT = "m/44'/8888'/0'";

/** BIP39's reference vectors (trezor/python-mnemonic, vectors.json), all with the passphrase TREZOR: words and root key. */
const BIP39_VECTORS = [
  [
    TWELVE,
    'xprv9s21ZrQH143K3h3fDYiay8mocZ3afhfULfb5GX8kCBdno77K4HiA15Tg23wpbeF1pLfs1c5SPmYHrEpTuuRhxMwvKDwqdKiGJS9XFKzUsAF',
  ],
  [
    'legal winner thank year wave sausage worth useful legal winner thank yellow',
    'xprv9s21ZrQH143K2gA81bYFHqU68xz1cX2APaSq5tt6MFSLeXnCKV1RVUJt9FWNTbrrryem4ZckN8k4Ls1H6nwdvDTvnV7zEXs2HgPezuVccsq',
  ],
  [
    `${'abandon '.repeat(23)}art`,
    'xprv9s21ZrQH143K32qBagUJAMU2LsHg3ka7jqMcV98Y7gVeVyNStwYS3U7yVVoDZ4btbRNf4h6ibWpY22iRmXq35qgLs79f312g2kj5539ebPM',
  ],
] as const;

describe('the tree of keys', () => {
  it('begins at the root of the BIP39 vectors', async () => {
    for (const [words, rootKey] of BIP39_VECTORS) {
      const { account } = await accountOf({ words: checkWords(words), wordsPassphrase: 'TREZOR' });
      assert.equal(
        account.privateExtendedKey,
        HDKey.fromExtendedKey(rootKey).derive(ACCOUNT).privateExtendedKey,
      );
    }
  });

  it('derives as BIP32 does', () => {
    // BIP32's test vector 1.
    const vector = HDKey.fromMasterSeed(hexToBytes('000102030405060708090a0b0c0d0e0f'));
    assert.equal(
      vector.derive("m/0'/1/2'").privateExtendedKey,
      'xprv9z4pot5VBttmtdRTWfWQmoH1taj2axGVzFqSb8C9xaxKymcFzXBDptWmT7FwuEzG3ryjH4ktypQSAewRiNMjANTtpgP4mLTj34bhnZX7UiM',
    );
  });

  it('is another with every passphrase of the words', async () => {
    const keyOf = async (wordsPassphrase: string) =>
      (await accountOf({ words: TWELVE, wordsPassphrase })).account.publicExtendedKey;
    assert.notEqual(await keyOf(''), await keyOf('TREZOR'));
    assert.notEqual(await keyOf('TREZOR'), await keyOf('trezor'));
    // BIP39 asks for NFKD: the same letter, typed in two ways.
    assert.equal(await keyOf('\u00fc'), await keyOf('u\u0308'));
    assert.equal(
      (await accountOf({ words: TWELVE, wordsPassphrase: 'TREZOR' })).masterFingerprint,
      'b4e3f5ed',
    );
  });

  it('makes twelve or twenty-four words', () => {
    assert.equal(checkWords(newWords()).split(' ').length, 12);
    assert.equal(checkWords(newWords(24)).split(' ').length, 24);
    assert.throws(() => checkWordsPassphrase('two\nlines'), { code: 'bad-words' });
    assert.equal(checkWordsPassphrase('with spaces, ü and "quotes"'), 'with spaces, ü and "quotes"');
  });
});

describe('wallet.json', () => {
  const WORDS_PASSPHRASE = 'the twenty-fifth word';
  const birth = { birthHeight: 7, nowSec: 1_700_000_000, words: TWELVE };

  it('seals the passphrase of the words with them', async () => {
    const dataDir = mkdtempSync(join(root, 'data-'));
    const options = { ...birth, wordsPassphrase: WORDS_PASSPHRASE, passphrase: 'of the file' };
    await WalletKeys.create(dataDir, regtest, options);
    const reopened = WalletKeys.load(dataDir, regtest)!;
    assert.deepEqual(await reopened.revealSecret('of the file'), {
      words: TWELVE,
      wordsPassphrase: WORDS_PASSPHRASE,
    });
    const text = readFileSync(join(dataDir, 'wallet.json'), 'utf8');
    assert.equal(JSON.parse(text).version, 2);
    for (const secret of [WORDS_PASSPHRASE, 'of the file', 'abandon']) assert.ok(!text.includes(secret));
    const path = { chain: 'receive', index: 0 } as const;
    const [privateKey] = await reopened.privateKeys([path], 'of the file');
    const vector = (await accountOf({ words: TWELVE, wordsPassphrase: WORDS_PASSPHRASE })).account;
    assert.deepEqual(privateKey, vector.derive('m/0/0').privateKey);
  });

  it('is read in version 1, and written in version 2', async () => {
    const dataDir = mkdtempSync(join(root, 'data-'));
    const path = join(dataDir, 'wallet.json');
    await WalletKeys.create(dataDir, regtest, birth);
    const { masterFingerprint, labels, watched, check, ...kept } = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual([masterFingerprint, labels, watched, typeof check], ['73c5da0a', {}, [], 'string']);
    // The first wallets had no checksum.
    writeFileSync(path, JSON.stringify({ ...kept, version: 1 }));
    const keys = WalletKeys.load(dataDir, regtest)!;
    assert.equal((await keys.revealSecret(undefined)).words, TWELVE);
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).version, 1);
    await keys.freshKey('receive');
    const written = JSON.parse(readFileSync(path, 'utf8'));
    assert.deepEqual([written.version, written.birthHeight, written.receive.handedOut], [2, 7, 1]);
    assert.equal((await WalletKeys.load(dataDir, regtest)!.revealSecret(undefined)).words, TWELVE);
  });

  it('is refused with a field too many, one too few, and a flipped digit', async () => {
    const dataDir = mkdtempSync(join(root, 'data-'));
    const path = join(dataDir, 'wallet.json');
    await WalletKeys.create(dataDir, regtest, birth);
    const good = JSON.parse(readFileSync(path, 'utf8'));
    const { check: _check, ...without } = good;
    for (const bad of [{ ...good, more: 1 }, without, { ...good, birthHeight: 8 }, { ...good, version: 3 }]) {
      writeFileSync(path, JSON.stringify(bad));
      assert.throws(() => WalletKeys.load(dataDir, regtest), { code: 'damaged' });
    }
    writeFileSync(path, JSON.stringify(good));
    assert.equal(WalletKeys.load(dataDir, regtest)?.birthHeight, 7);
  });
});

it('words and their passphrase are one text, that of version 1 where there is no passphrase', () => {
  for (const wordsPassphrase of ['', 'x', ' two  spaces '])
    assert.deepEqual(decodeSecret(encodeSecret({ words: TWELVE, wordsPassphrase })), {
      words: TWELVE,
      wordsPassphrase,
    });
  assert.equal(encodeSecret({ words: TWELVE, wordsPassphrase: '' }), TWELVE);
});
