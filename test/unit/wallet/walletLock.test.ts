import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { regtest } from '../../../src/params/regtest.ts';
import { UnlockedAccount } from '../../../src/wallet/unlockedAccount.ts';
import { WalletKeys } from '../../../src/wallet/walletKeys.ts';

const CHANGING = fileURLToPath(new URL('../../support/kills/changingPassphrase.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'indiecoin-lock-'));
after(() => rmSync(root, { recursive: true, force: true }));

const birth = { birthHeight: 0, nowSec: 1_700_000_000 };
const first = [{ chain: 'receive', index: 0 }] as const;

async function makeWallet(
  passphrase?: string,
): Promise<{ keys: WalletKeys; words: string; dataDir: string }> {
  const dataDir = mkdtempSync(join(root, 'data-'));
  return { ...(await WalletKeys.create(dataDir, regtest, { ...birth, passphrase })), dataDir };
}

describe('a wallet with a passphrase', () => {
  it('signs without it between unlock and lock', async () => {
    const { keys } = await makeWallet('secret');
    assert.equal(keys.isLocked, true);
    await assert.rejects(keys.privateKeys(first, undefined), { code: 'locked' });
    await assert.rejects(keys.unlock('secreT', 60), { code: 'wrong-passphrase' });
    assert.equal(keys.unlockedUntilSec, 0);
    const beforeSec = Date.now() / 1000;
    await keys.unlock('secret', 60);
    assert.ok(keys.unlockedUntilSec >= Math.floor(beforeSec) + 60);
    assert.ok(keys.unlockedUntilSec <= Date.now() / 1000 + 61);
    const [unlocked] = await keys.privateKeys(first, undefined);
    assert.deepEqual([unlocked], await keys.privateKeys(first, 'secret'));
    // Not only the first time: the account that is held is not wiped with what was derived.
    assert.deepEqual([unlocked], await keys.privateKeys(first, undefined));
    // The words need it always.
    await assert.rejects(keys.revealSecret(undefined), { code: 'locked' });
    keys.lock();
    assert.equal(keys.isLocked, true);
    await assert.rejects(keys.privateKeys(first, undefined), { code: 'locked' });
  });

  it('is locked again when its time is over', async () => {
    const { keys } = await makeWallet('secret');
    await keys.unlock('secret', 1);
    assert.equal(keys.isLocked, false);
    await sleep(1100);
    assert.equal(keys.isLocked, true);
    await keys.unlock('secret', 0);
    assert.equal(keys.isLocked, true);
  });

  it('opens with the new passphrase after a change, and not with the old one', async () => {
    const { keys, words, dataDir } = await makeWallet('old');
    await assert.rejects(keys.changePassphrase('wrong', 'new'), { code: 'wrong-passphrase' });
    await assert.rejects(keys.changePassphrase(undefined, 'new'), { code: 'wrong-state' });
    await keys.changePassphrase('old', 'new');
    const reopened = WalletKeys.load(dataDir, regtest)!;
    assert.equal((await reopened.revealSecret('new')).words, words);
    await assert.rejects(reopened.revealSecret('old'), { code: 'wrong-passphrase' });
    assert.equal(statSync(join(dataDir, 'wallet.json')).mode & 0o777, 0o600);
  });

  it('makes every guess cost scrypt', async () => {
    const { keys } = await makeWallet('secret');
    const start = process.cpuUsage();
    await assert.rejects(keys.unlock('guess', 60), { code: 'wrong-passphrase' });
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system > 100_000, `${user + system} µs`);
  });
});

it('a wallet without a passphrase gets one, and its key file goes', async () => {
  const { keys, words, dataDir } = await makeWallet();
  assert.equal(keys.isLocked, false);
  await assert.rejects(keys.unlock('any', 60), { code: 'wrong-state' });
  await assert.rejects(keys.changePassphrase('any', 'new'), { code: 'wrong-state' });
  await keys.changePassphrase(undefined, 'first');
  assert.equal(existsSync(join(dataDir, 'wallet.key')), false);
  assert.deepEqual([keys.isLocked, keys.protection], [true, 'passphrase']);
  assert.equal((await WalletKeys.load(dataDir, regtest)!.revealSecret('first')).words, words);
});

it('a time beyond what a timer holds is not over at once, and does not keep the process alive', async () => {
  const module = new URL('../../../src/wallet/unlockedAccount.js', import.meta.url).href;
  const script = `const { UnlockedAccount } = await import('${module}');
    const held = new UnlockedAccount();
    held.hold({ wipePrivateData() { console.log('wiped'); } }, 2e8);
    await new Promise((resolve) => setTimeout(resolve, 100));
    console.log(held.untilSec - Math.floor(Date.now() / 1000));`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(run.status, 0, run.stderr);
  // Bitcoin Core's cap.
  assert.ok(Math.abs(Number(run.stdout) - 100_000_000) <= 1, run.stdout);
  assert.equal(new UnlockedAccount().untilSec, 0);
});

it('a kill while the passphrase is changed leaves a wallet that the old one or the new one opens', async () => {
  const { words, dataDir } = await makeWallet('old');
  let kills = 0;
  for (let passphrase = 'old'; kills < 6; kills++) {
    if (passphrase === 'new') await WalletKeys.load(dataDir, regtest)!.changePassphrase('new', 'old');
    const child = spawn(process.execPath, [CHANGING, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    // Every other kill comes while the new file is being written; others at any moment, nearly always within scrypt.
    if (kills % 2 === 0) {
      const watcher = watch(dataDir);
      await once(watcher, 'change');
      watcher.close();
    } else await sleep(kills * 200);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const keys = WalletKeys.load(dataDir, regtest)!;
    const opens = async (by: string) => (await keys.revealSecret(by).catch(() => undefined))?.words === words;
    const [byOld, byNew] = [await opens('old'), await opens('new')];
    assert.notEqual(byOld, byNew, 'exactly one opens it');
    passphrase = byOld ? 'old' : 'new';
    for (const name of readdirSync(dataDir)) {
      assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
      assert.ok(!readFileSync(join(dataDir, name), 'utf8').includes(words.split(' ').slice(0, 2).join(' ')));
    }
  }
});
