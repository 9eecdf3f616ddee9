import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { needsPassphrase, openBackup, parseBackup } from '../../../src/wallet/walletBackup.ts';
import { WalletKeys } from '../../../src/wallet/walletKeys.ts';
import { makeKeys } from '../../support/blocks.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-backup-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = () => mkdtempSync(join(root, 'data-'));

const cold = makeKeys();
const KEPT = [
  'createdSec',
  'birthHeight',
  'accountKey',
  'receive',
  'change',
  'miningIndex',
  'labels',
  'watched',
];

/** A wallet with something of everything. */
async function makeWallet(passphrase?: string): Promise<{ keys: WalletKeys; dataDir: string }> {
  const dataDir = folder();
  const options = { wordsPassphrase: 'word 25', passphrase, birthHeight: 70, nowSec: 1_700_000_000 };
  const { keys } = await WalletKeys.create(dataDir, regtest, options);
  await keys.freshKey('receive');
  await keys.miningKey();
  await keys.changeKey();
  await keys.setLabel(keys.ring.publicKey({ chain: 'receive', index: 0 }), 'rent');
  await keys.setLabel(cold.publicKey, 'savings');
  await keys.setWatched([
    { publicKey: Buffer.from(cold.publicKey).toString('hex'), fromHeight: 5, addedSec: 9 },
  ]);
  return { keys, dataDir };
}

function keptIn(dataDir: string): Record<string, unknown> {
  const file = JSON.parse(readFileSync(join(dataDir, 'wallet.json'), 'utf8')) as Record<string, unknown>;
  return Object.fromEntries(KEPT.map((name) => [name, file[name]]));
}

async function restored(text: string, passphrase: string | undefined): Promise<[WalletKeys, string]> {
  const dataDir = folder();
  const options = await openBackup('b.json', parseBackup('b.json', text, regtest), passphrase);
  return [(await WalletKeys.create(dataDir, regtest, options)).keys, dataDir];
}

describe('a backup', () => {
  it('brings everything back, under the passphrase that opens it', async () => {
    const { keys, dataDir } = await makeWallet('of the wallet');
    const text = await keys.sealBackup('of the wallet', 'of the backup');
    const secret = await keys.revealSecret('of the wallet');
    for (const hidden of [
      // One alone may also be the name of a field.
      secret.words.split(' ').slice(0, 2).join(' '),
      'word 25',
      'rent',
      'savings',
      keys.accountKey,
    ])
      assert.ok(!text.includes(`"${hidden}`), hidden);
    const [again, folderOfIt] = await restored(text, 'of the backup');
    assert.deepEqual(await again.revealSecret('of the backup'), secret);
    assert.deepEqual(keptIn(folderOfIt), keptIn(dataDir));
    await assert.rejects(restored(text, 'of the wallet'), { code: 'wrong-passphrase' });
    await assert.rejects(restored(text, undefined), { code: 'locked' });
    await assert.rejects(keys.sealBackup('wrong', 'of the backup'), { code: 'wrong-passphrase' });
  });

  it('copies a locked wallet as it is, and one without a passphrase with its key', async () => {
    for (const passphrase of ['secret', undefined]) {
      const { keys, dataDir } = await makeWallet(passphrase);
      const text = keys.copyBackup();
      assert.equal(needsPassphrase(parseBackup('b.json', text, regtest)), passphrase !== undefined);
      const [again, folderOfIt] = await restored(text, passphrase);
      assert.deepEqual(await again.revealSecret(passphrase), await keys.revealSecret(passphrase));
      assert.deepEqual(keptIn(folderOfIt), keptIn(dataDir));
    }
  });

  it('is refused by its name when a byte flips, is missing, or the network is another', async () => {
    const { keys } = await makeWallet();
    const sealed = await keys.sealBackup(undefined, 'of the backup');
    const refused = { code: 'damaged', message: /usb\/b\.json/ };
    const parse = (text: string) => parseBackup('usb/b.json', text, regtest);
    for (const text of [sealed, keys.copyBackup()]) {
      parse(text);
      assert.throws(() => parseBackup('usb/b.json', text, mainnet), refused);
      const bytes = Buffer.from(text);
      let accepted = 0;
      for (let i = 0; i < bytes.length; i += 7) {
        const bent = Buffer.from(bytes);
        bent[i]! ^= 1 << (i % 8);
        try {
          parse(bent.toString('latin1'));
          // A space that became another one changes nothing.
          assert.match(text[i]!, /\s/, `byte ${i}`);
          accepted++;
        } catch (error) {
          assert.match((error as Error).message, /usb\/b\.json/);
          assert.equal((error as { code: string }).code, 'damaged');
        }
      }
      assert.ok(accepted < bytes.length / 70);
      assert.throws(() => parse(text.slice(0, -10)), refused);
    }
    for (const text of ['', '{}', '[]', '{"format":"indiecoin-wallet-backup","version":2}', 'null'])
      assert.throws(() => parse(text), refused);
  });
});
