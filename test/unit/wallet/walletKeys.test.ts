import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { bytesToHex } from '../../../src/bytes/hex.ts';
import { publicKeyOf } from '../../../src/crypto/keys.ts';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { checkWords } from '../../../src/wallet/keyTree.ts';
import { WalletKeys } from '../../../src/wallet/walletKeys.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-keys-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = () => mkdtempSync(join(root, 'data-'));

const WORDS = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';
const birth = { birthHeight: 0, nowSec: 1_700_000_000 };

describe('WalletKeys', () => {
  it('keeps the words sealed under a passphrase', async () => {
    const dataDir = folder();
    const { keys, words } = await WalletKeys.create(dataDir, regtest, {
      ...birth,
      passphrase: 'correct horse',
    });
    assert.equal(words.split(' ').length, 12);
    assert.deepEqual(await keys.revealSecret('correct horse'), { words, wordsPassphrase: '' });
    await assert.rejects(keys.revealSecret('wrong horse'), { code: 'wrong-passphrase' });
    await assert.rejects(keys.revealSecret(undefined), { code: 'locked' });
    const file = readFileSync(join(dataDir, 'wallet.json'), 'utf8');
    assert.equal(file.includes(words), false);
    assert.equal(statSync(join(dataDir, 'wallet.json')).mode & 0o777, 0o600);
    assert.equal(existsSync(join(dataDir, 'wallet.key')), false);
  });

  it('works without a passphrase, with a key file of its own', async () => {
    const dataDir = folder();
    const { words } = await WalletKeys.create(dataDir, regtest, birth);
    assert.equal(statSync(join(dataDir, 'wallet.key')).mode & 0o777, 0o600);
    const reopened = WalletKeys.load(dataDir, regtest)!;
    assert.deepEqual(await reopened.revealSecret(undefined), { words, wordsPassphrase: '' });
    rmSync(join(dataDir, 'wallet.key'));
    await assert.rejects(reopened.revealSecret(undefined), { code: 'damaged' });
  });

  it('makes no other wallet where one was lost, and the same one from its words', async () => {
    const dataDir = folder();
    const { keys, words } = await WalletKeys.create(dataDir, regtest, birth);
    assert.equal(WalletKeys.lost(dataDir), undefined);
    rmSync(join(dataDir, 'wallet.json'));
    assert.match(
      WalletKeys.lost(dataDir)!,
      /^There was a wallet: .*wallet\.json is gone.*`indiecoin wallet restore`/,
    );
    const refused = { code: 'damaged', message: WalletKeys.lost(dataDir)! };
    await assert.rejects(WalletKeys.create(dataDir, regtest, birth), refused);
    await assert.rejects(WalletKeys.create(dataDir, regtest, { ...birth, passphrase: 'a' }), refused);
    assert.equal(existsSync(join(dataDir, 'wallet.json')), false);
    const restored = await WalletKeys.create(dataDir, regtest, { ...birth, words });
    assert.equal(restored.keys.accountKey, keys.accountKey);
  });

  it('takes what a kill or a full disk left half made for no lost wallet', async () => {
    const dataDir = folder();
    const blocking = join(dataDir, 'wallet.json.new');
    mkdirSync(blocking);
    await assert.rejects(WalletKeys.create(dataDir, regtest, birth));
    assert.deepEqual(readdirSync(dataDir).sort(), ['wallet.json.new', 'wallet.key.made']);
    assert.equal(WalletKeys.lost(dataDir), undefined);
    rmdirSync(blocking);
    const { words } = await WalletKeys.create(dataDir, regtest, birth);
    assert.deepEqual(readdirSync(dataDir).sort(), ['wallet.json', 'wallet.key']);
    // Killed before the key has its name.
    renameSync(join(dataDir, 'wallet.key'), join(dataDir, 'wallet.key.made'));
    const reopened = WalletKeys.load(dataDir, regtest)!;
    assert.deepEqual(await reopened.revealSecret(undefined), { words, wordsPassphrase: '' });
    assert.deepEqual(readdirSync(dataDir).sort(), ['wallet.json', 'wallet.key']);
  });

  it('derives the documented path from known words', async () => {
    const { keys } = await WalletKeys.create(folder(), regtest, { ...birth, words: WORDS });
    const path = { chain: 'receive', index: 0 } as const;
    const [privateKey] = await keys.privateKeys([path], undefined);
    assert.equal(bytesToHex(publicKeyOf(privateKey!)), bytesToHex(keys.ring.publicKey(path)));
    // BIP39 and BIP32 with these words at m/44'/8888'/0'/0/0: fixed for ever, or old words would find no coins.
    assert.equal(
      bytesToHex(keys.ring.publicKey(path)),
      '03ae62ade894b15c2b7aa2c61ac1103ee2de672f93668ab05a2760060d7f59b397',
    );
  });

  it('gives the same address until it is used, and a fresh one when asked', async () => {
    const dataDir = folder();
    const { keys } = await WalletKeys.create(dataDir, regtest, birth);
    assert.deepEqual(await keys.currentReceive(), { chain: 'receive', index: 0 });
    assert.deepEqual(await keys.currentReceive(), { chain: 'receive', index: 0 });
    assert.deepEqual(await keys.freshKey('receive'), { chain: 'receive', index: 1 });
    keys.ring.noteUsed({ chain: 'receive', index: 0 });
    await keys.save();
    assert.deepEqual(await WalletKeys.load(dataDir, regtest)!.currentReceive(), {
      chain: 'receive',
      index: 1,
    });
  });

  it('never shows the mining key as the address', async () => {
    const { keys } = await WalletKeys.create(folder(), regtest, birth);
    assert.deepEqual(await keys.miningKey(), { path: { chain: 'receive', index: 0 }, isNew: true });
    assert.deepEqual(await keys.miningKey(), { path: { chain: 'receive', index: 0 }, isNew: false });
    assert.deepEqual(await keys.currentReceive(), { chain: 'receive', index: 1 });
  });

  it('gives addresses beyond the gap limit, and says that they are', async () => {
    const { keys } = await WalletKeys.create(folder(), regtest, birth);
    const paths = [];
    for (let i = 0; i < 22; i++) paths.push(await keys.freshKey('receive'));
    assert.deepEqual(
      paths.map((path) => keys.isBeyondGap(path)),
      [...new Array(20).fill(false), true, true],
    );
    assert.equal(keys.ring.find(keys.ring.publicKey({ chain: 'receive', index: 41 }))?.index, 41);
    keys.ring.noteUsed(paths[0]!);
    assert.deepEqual([keys.isBeyondGap(paths[20]!), keys.isBeyondGap(paths[21]!)], [false, true]);
  });

  it('gives a thousand that nobody paid, and no more', async () => {
    const dataDir = folder();
    const { keys } = await WalletKeys.create(dataDir, regtest, birth);
    for (let i = 0; i < 999; i++) keys.ring.handOut('receive');
    await keys.freshKey('receive');
    await assert.rejects(keys.freshKey('receive'), { code: 'too-many-addresses' });
    const again = WalletKeys.load(dataDir, regtest)!;
    assert.equal(again.ring.find(keys.ring.publicKey({ chain: 'receive', index: 999 }))?.index, 999);
    again.ring.noteUsed({ chain: 'receive', index: 0 });
    assert.equal((await again.freshKey('receive')).index, 1000);
  });

  it('refuses to replace a wallet, a damaged file and one of another network', async () => {
    const dataDir = folder();
    await WalletKeys.create(dataDir, regtest, birth);
    await assert.rejects(WalletKeys.create(dataDir, regtest, birth), { code: 'exists' });
    assert.throws(() => WalletKeys.load(dataDir, mainnet), { code: 'damaged' });
    writeFileSync(join(dataDir, 'wallet.json'), '{"version":1}');
    assert.throws(() => WalletKeys.load(dataDir, regtest), { code: 'damaged' });
    assert.equal(WalletKeys.load(folder(), regtest), undefined);
  });
});

describe('checkWords', () => {
  it('names the wrong word, and says when only the order is wrong', () => {
    assert.equal(checkWords(`  ${WORDS.toUpperCase()}\n`), WORDS);
    assert.throws(() => checkWords(WORDS.replace('about', 'abuot')), /"abuot" is not one of/);
    // Nothing that may be a secret is told: all words with commas between, or what another file begins with.
    for (const secret of [WORDS.replaceAll(' ', ','), 'root:x:0', 'a'.repeat(13)]) {
      assert.throws(
        () => checkWords(`abandon ${secret}`),
        (error: Error) =>
          !error.message.includes(secret) && error.message.startsWith('Number 2 is not one of'),
      );
    }
    assert.throws(() => checkWords('a'.repeat(12)), new RegExp(`"${'a'.repeat(12)}" is not one of`));
    assert.throws(() => checkWords(WORDS.replace('about', 'abandon')), { code: 'bad-words' });
    assert.throws(() => checkWords('abandon about'), { code: 'bad-words' });
  });
});
