import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { accountOf } from '../../src/wallet/keyTree.ts';
import { withFolder } from '../support/chains.ts';
import { MAIN, NodeProcess } from '../support/nodeProcess.ts';

// biome-ignore lint/suspicious/noExplicitAny: every field that is used is asserted
type Json = any;

const PASSPHRASES = [
  'first-passphrase-of-the-file',
  'second-passphrase-of-the-file',
  'wrong-guess-at-the-file',
];
const OF_WORDS = 'the-twenty-fifth-word';

/** Every way in which the secrets could be written down. */
async function needlesOf(words: string): Promise<Map<string, Buffer>> {
  const needles = new Map<string, Buffer>();
  const list = words.split(' ');
  for (let i = 0; i + 2 < list.length; i++) {
    const [a, b, c] = list.slice(i);
    needles
      .set(`words ${i}`, Buffer.from(`${a} ${b} ${c}`))
      .set(`words ${i} as JSON`, Buffer.from(`"${a}","${b}"`));
  }
  for (const secret of [...PASSPHRASES, OF_WORDS]) {
    needles.set(secret, Buffer.from(secret));
    needles.set(`${secret} in hex`, Buffer.from(Buffer.from(secret).toString('hex')));
  }
  const { account } = await accountOf({ words, wordsPassphrase: OF_WORDS });
  needles.set('extended private key', Buffer.from(account.privateExtendedKey));
  needles.set('any extended private key', Buffer.from('xprv'));
  for (const path of ['m', 'm/0', 'm/1', 'm/0/0', 'm/0/1', 'm/0/2', 'm/1/0', 'm/1/1']) {
    const key = Buffer.from((path === 'm' ? account : account.derive(path)).privateKey!);
    needles.set(`${path} raw`, key).set(`${path} in hex`, Buffer.from(key.toString('hex')));
    needles.set(`${path} in base64`, Buffer.from(key.toString('base64').slice(0, 40)));
  }
  return needles;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test('no secret of the wallet is in a file, a log or an answer', async () => {
  await withFolder(async (folder) => {
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    const place = ['--network', 'regtest', '--data-dir', dataDir];
    const indiecoin = (words: string[], passphrase: string, input: string) =>
      spawnSync(process.execPath, [MAIN, ...words, ...place, '--json'], {
        encoding: 'utf8',
        input,
        env: { PATH: process.env.PATH, HOME: folder, INDIECOIN_WALLET_PASSPHRASE: passphrase },
      });
    const made = indiecoin(
      ['wallet', 'new', '--words', '24', '--words-passphrase'],
      PASSPHRASES[0]!,
      `${OF_WORDS}\n`,
    );
    assert.equal(made.status, 0, made.stderr);
    const { words, address } = JSON.parse(made.stdout);
    assert.equal(words.split(' ').length, 24);
    const needles = await needlesOf(words);

    const node = await NodeProcess.start({ dataDir, args: ['--log-level', 'trace'] });
    const answers: string[] = [];
    const rpc = async (method: string, ...params: unknown[]): Promise<Json> => {
      try {
        const answer = await node.rpc<Json>(method, ...params);
        answers.push(`${method}: ${JSON.stringify(answer)}`);
        return answer;
      } catch (error) {
        answers.push(`${method}: ${(error as Error).message}`);
        return undefined;
      }
    };
    try {
      await rpc('generatetoaddress', 102, address);
      await rpc('walletpassphrase', PASSPHRASES[2], 60);
      await rpc('walletpassphrase', PASSPHRASES[0]);
      await rpc('walletpassphrase', [PASSPHRASES[0]], 60);
      await rpc('walletpassphrase', PASSPHRASES[0], 'sixty');
      await rpc('encryptwallet', PASSPHRASES[0]);
      await rpc('walletrestore', words, PASSPHRASES[0], OF_WORDS);
      await rpc('walletrestore', `${words} ${words}`, { of: PASSPHRASES[0] });
      await rpc('walletwords', PASSPHRASES[2]);
      await rpc('walletpassphrase', PASSPHRASES[0], 600);
      const paid = await rpc('walletsend', address, '1.5');
      assert.match(paid.txid, /^[0-9a-f]{64}$/);
      assert.ok(await rpc('signmessage', address, 'it was me'));
      await rpc('generatetoaddress', 1, address);
      await rpc('walletpassphrasechange', PASSPHRASES[0], PASSPHRASES[1]);
      await rpc('walletpassphrasechange', PASSPHRASES[0], PASSPHRASES[2]);
      assert.ok(await rpc('walletsend', address, '2'));
      for (const method of [
        'getwalletinfo',
        'walletbalance',
        'wallethistory',
        'listlabels',
        'walletlock',
        'help',
      ])
        await rpc(method);
      await rpc('getaddressinfo', address);
      await rpc('backupwallet', join(dataDir, 'copy.json'));
      const backup = indiecoin(['wallet', 'backup', join(dataDir, 'backup.json')], PASSPHRASES[1]!, '');
      assert.equal(backup.status, 0, backup.stderr);
      answers.push(backup.stdout, backup.stderr);
      assert.equal(await node.stop(), 0);
    } finally {
      await node.kill();
    }

    const places = new Map<string, Buffer>([
      ['the output of the node', Buffer.from(node.output)],
      ['the answers', Buffer.from(answers.join('\n'))],
      ...filesIn(dataDir).map((path) => [path, readFileSync(path)] as const),
    ]);
    assert.ok(places.size > 8 && answers.length > 20 && node.output.length > 1000);
    for (const [where, bytes] of places)
      for (const [what, needle] of needles) assert.ok(!bytes.includes(needle), `${what} in ${where}`);
    // And it would be seen: the words are where they were asked for.
    assert.ok(Buffer.from(made.stdout).includes(needles.get('words 0')!));
  });
});
