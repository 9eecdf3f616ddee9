import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { withFolder } from '../support/chains.ts';
import { NodeProcess, until } from '../support/nodeProcess.ts';

// biome-ignore lint/suspicious/noExplicitAny: every field that is used is asserted
type Json = any;

/** A call at a path, as `bitcoin-cli -rpcwallet=NAME` sends it. */
async function callAt(
  node: NodeProcess,
  path: string,
  method: string,
  params: unknown[] = [],
): Promise<Json> {
  const [host, port] = readFileSync(join(node.dataDir, '.rpc-address'), 'utf8').trim().split(':');
  const auth = readFileSync(join(node.dataDir, '.cookie'), 'utf8').trim();
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, auth, path, method: 'POST' }, (response) => {
      text(response).then((answer) => resolve(JSON.parse(answer)), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('a wallet is made, locked, unlocked and given another passphrase, in the words of Bitcoin Core', async () => {
  await withFolder(async (folder) => {
    const node = await NodeProcess.start({ dataDir: join(folder, 'a') });
    const rpc = (method: string, ...params: unknown[]) => node.rpc<Json>(method, ...params);
    const fails = (code: number, message: RegExp, method: string, ...params: unknown[]) =>
      assert.rejects(rpc(method, ...params), (error: Json) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
    try {
      assert.deepEqual(await rpc('listwallets'), []);
      await fails(-18, /No wallet is loaded/, 'getwalletinfo');
      await fails(-18, /No wallet is loaded/, 'walletpassphrase', 'x', 1);
      await fails(-18, /does not exist/, 'loadwallet', 'other');
      await fails(-4, /one wallet/, 'createwallet', 'other');
      assert.deepEqual((await rpc('createwallet', '')).name, '');
      assert.deepEqual(await rpc('listwallets'), ['']);
      assert.deepEqual(await rpc('listwalletdir'), { wallets: [{ name: '' }] });
      await fails(-4, /already exists/, 'createwallet', '');
      await fails(-35, /already loaded/, 'loadwallet', '');

      await fails(
        -15,
        /running with an unencrypted wallet, but walletpassphrase was/,
        'walletpassphrase',
        'x',
        1,
      );
      await fails(-15, /running with an unencrypted wallet, but walletlock was/, 'walletlock');
      await fails(
        -15,
        /unencrypted wallet, but walletpassphrasechange was/,
        'walletpassphrasechange',
        'x',
        'y',
      );
      await fails(-8, /passphrase cannot be empty/, 'encryptwallet', '');
      assert.equal('unlocked_until' in (await rpc('getwalletinfo')), false);
      assert.match(await rpc('encryptwallet', 'first'), /^wallet encrypted/);
      await fails(-15, /running with an encrypted wallet, but encryptwallet was/, 'encryptwallet', 'x');
      assert.equal((await rpc('getwalletinfo')).unlocked_until, 0);

      const address = await rpc('getnewaddress', 'rent');
      await fails(
        -13,
        /Please enter the wallet passphrase with walletpassphrase first/,
        'signmessage',
        address,
        'm',
      );
      await fails(-14, /The wallet passphrase entered was incorrect/, 'walletpassphrase', 'wrong', 60);
      await fails(-8, /Timeout cannot be negative/, 'walletpassphrase', 'first', -1);
      await fails(-8, /passphrase cannot be empty/, 'walletpassphrase', '', 60);
      assert.equal(await rpc('walletpassphrase', 'first', 2_000_000_000), null);
      const { unlocked_until: untilSec } = await rpc('getwalletinfo');
      assert.ok(Math.abs(untilSec - Date.now() / 1000 - 100_000_000) < 60);
      // Again while unlocked: from now on, as Bitcoin Core does.
      await rpc('walletpassphrase', 'first', 60);
      assert.ok((await rpc('getwalletinfo')).unlocked_until < untilSec);
      const signature = await rpc('signmessage', address, 'it was me');
      assert.equal(await rpc('verifymessage', address, signature, 'it was me'), true);
      assert.equal(await rpc('verifymessage', address, signature, 'it was not me'), false);
      await fails(-3, /Malformed base64 encoding/, 'verifymessage', address, 'abc', 'it was me');
      await fails(-5, /Invalid address/, 'verifymessage', 'icrt1qq', signature, 'it was me');
      const stranger = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
      await fails(-4, /Private key not available/, 'signmessage', stranger, 'it was me');

      // A payment by RPC uses the unlocked state.
      await rpc('generatetoaddress', 101, address);
      assert.match((await rpc('walletsend', stranger, '1')).txid, /^[0-9a-f]{64}$/);
      assert.equal(await rpc('walletlock'), null);
      await fails(-13, /walletpassphrase first/, 'walletsend', stranger, '1');
      await rpc('walletpassphrase', 'first', 1);
      await until('it is locked again', async () => (await rpc('getwalletinfo')).unlocked_until === 0);
      await fails(-13, /walletpassphrase first/, 'signmessage', address, 'm');

      await fails(-14, /incorrect/, 'walletpassphrasechange', 'wrong', 'second');
      assert.equal(await rpc('walletpassphrasechange', 'first', 'second'), null);
      await fails(-14, /incorrect/, 'walletpassphrase', 'first', 60);
      assert.equal(await rpc('walletpassphrase', 'second', 60), null);
      assert.equal(statSync(join(node.dataDir, 'wallet.json')).mode & 0o777, 0o600);
      assert.deepEqual([await node.stop()], [0], 'the timer does not keep it alive');
    } finally {
      await node.kill();
    }
  });
});

test('addresses, labels, watched keys and a rescan', async () => {
  await withFolder(async (folder) => {
    let node = await NodeProcess.start({ dataDir: join(folder, 'a') });
    const rpc = (method: string, ...params: unknown[]) => node.rpc<Json>(method, ...params);
    const hasScanned = async () => (await rpc('getwalletinfo')).scanning === false;
    const fails = (code: number, message: RegExp, method: string, ...params: unknown[]) =>
      assert.rejects(rpc(method, ...params), (error: Json) => {
        assert.deepEqual([error.code, message.test(error.message)], [code, true], error.message);
        return true;
      });
    const other = await NodeProcess.start({ dataDir: join(folder, 'b') });
    const cold = await other.rpc<string>('getnewaddress');
    await other.stop();
    try {
      const rent = await rpc('getnewaddress', 'rent', 'bech32');
      await fails(-5, /Unknown address type 'taproot'/, 'getnewaddress', '', 'taproot');
      await fails(-11, /Invalid label name/, 'getnewaddress', '*');
      const plain = await rpc('getnewaddress');
      const change = await rpc('getrawchangeaddress');
      await rpc('setlabel', cold, 'savings');
      assert.deepEqual(await rpc('listlabels'), ['', 'rent', 'savings']);
      assert.deepEqual(await rpc('listlabels', 'send'), ['savings']);
      assert.deepEqual(await rpc('getaddressesbylabel', 'rent'), { [rent]: { purpose: 'receive' } });
      assert.deepEqual(await rpc('getaddressesbylabel', 'savings'), { [cold]: { purpose: 'send' } });
      await fails(-11, /No addresses with label nothing/, 'getaddressesbylabel', 'nothing');

      const info = await rpc('getaddressinfo', rent);
      assert.match(info.hdmasterfingerprint, /^[0-9a-f]{8}$/);
      assert.deepEqual(
        { ...info, hdmasterfingerprint: '', timestamp: 0, desc: info.desc.slice(0, 69) },
        {
          address: rent,
          scriptPubKey: `21${info.pubkey}ac`,
          ismine: true,
          solvable: true,
          desc: `pk(${info.pubkey})`.slice(0, 69),
          iswatchonly: false,
          isscript: false,
          iswitness: false,
          pubkey: info.pubkey,
          iscompressed: true,
          ischange: false,
          timestamp: 0,
          hdkeypath: "m/44'/8888'/0'/0/0",
          hdseedid: '0'.repeat(40),
          hdmasterfingerprint: '',
          labels: ['rent'],
        },
      );
      assert.deepEqual((await rpc('getaddressinfo', plain)).labels, ['']);
      const changeInfo = await rpc('getaddressinfo', change);
      assert.deepEqual([changeInfo.ischange, changeInfo.labels], [true, []]);
      const coldInfo = await rpc('getaddressinfo', cold);
      assert.deepEqual([coldInfo.ismine, coldInfo.solvable, coldInfo.hdkeypath], [false, false, undefined]);

      // Paid before it is watched: seen with a rescan, not without.
      await rpc('generatetoaddress', 3, cold);
      await rpc('generatetoaddress', 2, rent);
      await fails(-4, /of the wallet itself/, 'importpubkey', rent);
      await rpc('importpubkey', cold, 'savings', false);
      assert.equal((await rpc('getaddressinfo', cold)).iswatchonly, true);
      await rpc('generatetoaddress', 1, cold);
      const watched = async () => (await rpc('walletbalance')).watchonly;
      assert.deepEqual(await watched(), {
        confirmed: '0.00000000',
        unconfirmed: '0.00000000',
        immature: '50.00000000',
      });
      await rpc('importpubkey', cold, 'savings', true, 2);
      await until('the rescan is over', hasScanned);
      assert.equal((await watched()).immature, '150.00000000');
      await rpc('importpubkey', cold);
      await until('the rescan is over', hasScanned);
      assert.equal((await watched()).immature, '200.00000000');

      // Ours are apart from them, and so is what can be spent.
      await rpc('generatetoaddress', 100, cold);
      assert.equal((await rpc('walletbalance')).confirmed, '100.00000000');
      await fails(-6, /./, 'walletsend', cold, '101');
      const winfo = await rpc('getwalletinfo');
      assert.deepEqual([winfo.walletname, winfo.balance, winfo.txcount, winfo.scanning], ['', 100, 2, false]);
      assert.deepEqual(winfo.lastprocessedblock, { hash: await rpc('getbestblockhash'), height: 106 });

      await fails(-8, /Invalid start_height/, 'rescanblockchain', 107);
      await fails(-8, /Invalid stop_height/, 'rescanblockchain', 0, 107);
      await fails(-8, /stop_height must be greater than start_height/, 'rescanblockchain', 5, 4);
      assert.deepEqual(await rpc('rescanblockchain'), { start_height: 0, stop_height: 106 });
      assert.equal((await rpc('walletbalance')).confirmed, '100.00000000');

      // All of it is there after a kill.
      await node.kill();
      node = await node.restart();
      assert.deepEqual(await rpc('listlabels'), ['', 'rent', 'savings']);
      await until('the rescan is over', hasScanned);
      assert.equal((await rpc('walletbalance')).confirmed, '100.00000000');
      assert.equal((await watched()).confirmed, '250.00000000');

      // One of the two that were given out is used: 19 more wait for a payment, and the next might be missed by a restore.
      const beyond = [];
      for (let i = 0; i < 21; i++) beyond.push((await rpc('walletaddress', true)).beyondGap ?? false);
      assert.deepEqual(beyond, [...new Array(19).fill(false), true, true]);

      const copy = join(folder, 'copy.json');
      assert.equal(await rpc('backupwallet', copy), null);
      assert.equal(statSync(copy).mode & 0o777, 0o600);
      await fails(-4, /Wallet backup failed! EEXIST/, 'backupwallet', copy);
      await fails(-4, /Wallet backup failed!/, 'backupwallet', join(folder, 'nowhere', 'copy.json'));
      const fresh = await NodeProcess.start({ dataDir: join(folder, 'c') });
      try {
        const backup = readFileSync(copy, 'utf8');
        await assert.rejects(fresh.rpc('walletrestorebackup', 'copy.json', backup.replace('rent', 'rant')), {
          code: -4,
          message: /copy\.json is damaged/,
        });
        await fresh.rpc('walletrestorebackup', 'copy.json', backup);
        assert.deepEqual(await fresh.rpc('listlabels'), ['', 'rent', 'savings']);
        assert.equal((await fresh.rpc<Json>('getaddressinfo', rent)).ismine, true);
        assert.equal((await fresh.rpc<Json>('getaddressinfo', cold)).iswatchonly, true);
        await assert.rejects(fresh.rpc('walletrestorebackup', 'copy.json', backup), { code: -4 });
      } finally {
        await fresh.kill();
      }

      assert.equal((await callAt(node, '/wallet/', 'getwalletinfo')).result.walletname, '');
      assert.deepEqual((await callAt(node, '/wallet/other', 'getwalletinfo')).error, {
        code: -18,
        message: 'Requested wallet does not exist or is not loaded',
      });
      assert.deepEqual((await callAt(node, '/wallet/other', 'listwallets')).result, ['']);
      assert.equal((await callAt(node, '/wallet/other', 'getblockcount')).result, 106);

      // A payment to a watched key waits for a block, and is confirmed by one.
      await rpc('walletsend', cold, '1');
      assert.equal((await watched()).unconfirmed, '1.00000000');
      await rpc('generatetoaddress', 1, cold);
      assert.equal((await watched()).unconfirmed, '0.00000000');
      assert.match((await watched()).confirmed, /^[0-9]+1\.00000000$/);
    } finally {
      await node.kill();
    }
  });
});
