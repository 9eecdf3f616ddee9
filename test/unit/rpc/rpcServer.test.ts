import '../../../src/bytes/promiseWithResolvers.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { bytesToHex } from '../../../src/bytes/hex.ts';
import { loadConfig } from '../../../src/node/config.ts';
import { type Node, openNode } from '../../../src/node/node.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { after as behind, makeKeys, solvedBlock } from '../../support/blocks.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'indiecoin-rpc-'));
const keys = makeKeys();
let node: Node;

before(async () => {
  const flags = { network: 'regtest', 'data-dir': dataDir, 'listen-host': '127.0.0.1', 'dns-seed': 'none' };
  const environment = {
    INDIECOIN_RPC_USER: 'alice',
    INDIECOIN_RPC_PASSWORD: 's3cret',
    INDIECOIN_RPC_PORT: '0',
  };
  node = await openNode(loadConfig(flags, environment), pino({ level: 'silent' }), '1.2.3');
});

after(async () => {
  await node.close();
  rmSync(dataDir, { recursive: true, force: true });
});

type Reply = { status: number; text: string };

function post(
  body: string,
  headers: Record<string, string> = {},
  method = 'POST',
  path = '/',
): Promise<Reply> {
  const cookie = readFileSync(join(dataDir, '.cookie'), 'utf8').trim();
  const authorization = `Basic ${Buffer.from(cookie).toString('base64')}`;
  const options = { method, agent: false, headers: { authorization, ...headers } };
  return new Promise((resolve, reject) => {
    const sent = request(`http://${node.rpcAddress}${path}`, options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

// biome-ignore lint/suspicious/noExplicitAny: answers have as many shapes as there are methods, and every field is asserted
type Json = any;
type Answer = { result: Json; error: { code: number; message: string } | null };

async function ask(method: string, ...params: unknown[]): Promise<Answer> {
  const { text } = await post(JSON.stringify({ id: 1, method, params }));
  return JSON.parse(text) as Answer;
}

async function call(method: string, ...params: unknown[]): Promise<Json> {
  const { result, error } = await ask(method, ...params);
  assert.equal(error, null, JSON.stringify(error));
  return result;
}

async function codeOf(method: string, ...params: unknown[]): Promise<number | undefined> {
  return (await ask(method, ...params)).error?.code;
}

describe('the door of the RPC', () => {
  it('opens for the cookie and for the user, and for nobody else', async () => {
    assert.match(readFileSync(join(dataDir, '.cookie'), 'utf8'), /^__cookie__:[0-9a-f]{64}\n$/);
    assert.equal(statSync(join(dataDir, '.cookie')).mode & 0o777, 0o600);
    const body = JSON.stringify({ id: 1, method: 'uptime' });
    assert.equal((await post(body)).status, 200);
    const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
    assert.equal((await post(body, basic('alice:s3cret'))).status, 200);
    assert.equal((await post(body, basic('alice:wrong'))).status, 401);
    assert.equal((await post(body, { authorization: '' })).status, 401);
  });

  it('refuses names that are not ours, and web pages', async () => {
    const body = JSON.stringify({ id: 1, method: 'uptime' });
    assert.equal((await post(body, { host: 'evil.example' })).status, 403);
    assert.equal((await post(body, { origin: 'http://localhost:3000' })).status, 403);
    assert.equal((await post('', {}, 'GET')).status, 405);
  });

  it('takes any content type, and not more than it can hold', async () => {
    const body = JSON.stringify({ id: 1, method: 'uptime' });
    assert.equal((await post(body, { 'content-type': 'text/plain;' })).status, 200);
    assert.equal((await post(body, { 'content-type': 'application/json' })).status, 200);
    assert.equal((await post('[1', { 'content-type': 'application/json' })).status, 500);
    assert.equal((await post('x', { 'content-length': String(40 * 1024 * 1024) })).status, 413);
  });

  it('runs no method for those who only may watch', async () => {
    const body = JSON.stringify({ id: 1, method: 'uptime' });
    for (const path of ['/healthz', '/metrics'])
      assert.equal((await post(body, { authorization: '' }, 'POST', path)).status, 401, path);
  });

  it('tells a watchdog how the node is', async () => {
    const { status, text } = await post('', { authorization: '' }, 'GET', '/healthz');
    assert.equal(status, 503);
    const { tipAgeSec, ...health } = JSON.parse(text);
    assert.ok(tipAgeSec > 0);
    assert.deepEqual(health, { healthy: false, state: 'bootstrapping', height: 0, headers: 0, peers: 0 });
  });
});

describe('the methods', () => {
  it('mine, and describe the chain', async () => {
    const own = (await call('walletaddress')) as { address: string; publicKey: string };
    const hashes = (await call('generatetoaddress', 101, own.address)) as string[];
    assert.equal(hashes.length, 101);
    assert.equal(await call('getblockcount'), 101);
    assert.equal(await call('getbestblockhash'), hashes[100]);
    assert.equal(await call('getblockhash', 101), hashes[100]);
    assert.equal(await codeOf('getblockhash', 102), -8);
    assert.equal(await codeOf('getblockhash', -1), -8);
    const info = await call('getblockchaininfo');
    assert.equal(info.chain, 'regtest');
    assert.equal(info.blocks, 101);
    assert.equal(info.headers, 101);
    assert.equal(info.bestblockhash, hashes[100]);
    assert.match(info.chainwork, /^[0-9a-f]{64}$/);

    const header = await call('getblockheader', hashes[0]);
    assert.equal(header.height, 1);
    assert.equal(header.confirmations, 101);
    assert.equal(header.previousblockhash, regtest.genesisHash);
    assert.equal(header.nextblockhash, hashes[1]);
    assert.equal((await call('getblockheader', hashes[0], false)).length, 160);

    const hex = (await call('getblock', hashes[0], 0)) as string;
    const one = await call('getblock', hashes[0]);
    const two = await call('getblock', hashes[0], 2);
    assert.equal(one.size, hex.length / 2);
    assert.equal(one.tx[0], two.tx[0].txid);
    assert.equal(two.tx[0].vout[0].scriptPubKey.address, own.address);
    assert.equal(two.tx[0].vout[0].value, 50);
    assert.equal(await codeOf('getblock', 'ab'.repeat(32)), -5);
    assert.equal(await codeOf('getblock', 'ab'), -8);
    assert.equal(await codeOf('getblock'), -1);
    assert.equal(await codeOf('getblock', 5), -3);
    assert.equal(await codeOf('nosuchmethod'), -32601);
  });

  it('take blocks and say in BIP22 words what became of them', async () => {
    const tip = node.services.chain.tip;
    const parent = { hash: tip.hashBytes, timeSec: tip.timeSec };
    const plan = { parent, height: tip.height + 1, lockingScript: keys.lockingScript };
    const good = solvedBlock(plan);
    const rich = solvedBlock({ ...plan, amount: 51n * 100_000_000n });
    const lost = solvedBlock({ ...plan, parent: { hash: new Uint8Array(32).fill(7), timeSec: tip.timeSec } });
    const rival = solvedBlock({ ...plan, extra: Uint8Array.of(1, 2, 3) });
    assert.equal(await call('submitblock', bytesToHex(rich.bytes)), 'bad-cb-amount');
    assert.equal(await call('submitblock', bytesToHex(rich.bytes)), 'duplicate-invalid');
    assert.equal(await call('submitblock', bytesToHex(lost.bytes)), 'prev-blk-not-found');
    assert.equal(await call('submitblock', bytesToHex(good.bytes)), null);
    assert.equal(await call('submitblock', bytesToHex(good.bytes)), 'duplicate');
    assert.equal(await call('submitblock', bytesToHex(rival.bytes)), 'inconclusive');
    assert.equal(await codeOf('submitblock', '00'), -22);
    assert.equal(await codeOf('submitblock', `${bytesToHex(good.bytes)}00`), -22);
    assert.equal((await call('getchaintips')).length, 3);
    const child = solvedBlock({
      parent: behind(good),
      height: plan.height + 1,
      lockingScript: keys.lockingScript,
    });
    assert.equal(await call('submitblock', bytesToHex(child.bytes)), null);
  });

  it('pay, and show the payment in the mempool and then in a block', async () => {
    const before = await call('walletbalance');
    assert.equal(before.confirmed, '200.00000000');
    const other = await call('validateaddress', (await call('walletaddress')).address);
    assert.equal(other.isvalid, true);
    const sent = await call('walletsend', other.address, '1.5');
    assert.deepEqual(await call('getrawmempool'), [sent.txid]);
    const entry = (await call('getrawmempool', true))[sent.txid];
    assert.equal(entry.fees.base.toFixed(8), sent.fee);
    assert.equal((await call('getmempoolinfo')).size, 1);
    const raw = (await call('getrawtransaction', sent.txid)) as string;
    assert.equal(await call('sendrawtransaction', raw), sent.txid);
    const unconfirmed = await call('getrawtransaction', sent.txid, true);
    assert.equal(unconfirmed.hex, raw);
    assert.equal(unconfirmed.blockhash, undefined);
    const n = unconfirmed.vout.findIndex(({ value }: { value: number }) => value === 1.5) as number;
    assert.equal((await call('gettxout', sent.txid, n)).confirmations, 0);
    assert.equal(await call('gettxout', sent.txid, n, false), null);

    const [hash] = (await call('generatetoaddress', 1, bytesToHex(keys.publicKey))) as string[];
    assert.deepEqual(await call('getrawmempool'), []);
    const confirmed = await call('getrawtransaction', sent.txid, 1);
    assert.equal(confirmed.blockhash, hash);
    assert.equal(confirmed.confirmations, 1);
    assert.equal((await call('getblock', hash, 2)).tx[1].fee.toFixed(8), sent.fee);
    assert.equal((await call('gettxout', sent.txid, n)).value, 1.5);
    assert.equal(await codeOf('sendrawtransaction', raw), -27);
    assert.equal(await codeOf('sendrawtransaction', 'zz'), -22);
    assert.equal(await codeOf('getrawtransaction', 'ab'.repeat(32)), -5);
    const [latest] = await call('wallethistory', 1);
    assert.equal(latest.txid, sent.txid);
    assert.equal((await call('addressbalance', bytesToHex(keys.publicKey))).coins, 3);
  });

  it('say no with the codes of Bitcoin', async () => {
    assert.equal(await codeOf('walletsend', 'icrt1nonsense', '1'), -5);
    assert.equal(await codeOf('walletsend', bytesToHex(keys.publicKey), '1000000'), -6);
    assert.equal(await codeOf('walletsend', bytesToHex(keys.publicKey), 'lots'), -3);
    assert.equal(await codeOf('walletnew'), -4);
    assert.equal((await call('validateaddress', 'ic1nonsense')).isvalid, false);
    assert.equal(await codeOf('addnode', 'nonsense', 'sideways'), -8);
    assert.equal(await codeOf('addnode', '203.0.113.77:1', 'remove'), -24);
    for (const nothing of ['nobody', '203.0.113.0/24', '2001:db8::/63', '203.0.113.5/32/32', '203.0.113.5/'])
      assert.equal(await codeOf('setban', nothing, 'add'), -30, nothing);
    assert.equal(await codeOf('generatetoaddress', 1, 'nobody'), -5);
  });

  it('describe the network, and ban', async () => {
    assert.equal(await call('getconnectioncount'), 0);
    assert.deepEqual(await call('getpeerinfo'), []);
    const info = await call('getnetworkinfo');
    assert.equal(info.version, 280_000);
    assert.equal(info.subversion, '/IndieCoin:1.2.3/');
    assert.equal(info.connections, 0);
    await call('setban', '203.0.113.5', 'add', 60);
    assert.equal((await call('listbanned'))[0].address, '203.0.113.5');
    assert.equal(await codeOf('setban', '203.0.113.5', 'add'), -23);
    await call('setban', '203.0.113.5/32', 'remove');
    await call('setban', '2001:db8:1:2::7/64', 'add', 60);
    assert.equal(await codeOf('setban', '2001:db8:1:2::8/64', 'add'), -23);
    await call('setban', '2001:db8:1:2::/64', 'remove');
    assert.deepEqual(await call('listbanned'), []);
  });

  it('start and stop the miner', async () => {
    const started = await call('miningstart', 1);
    assert.equal(started.mining, true);
    assert.match(started.privateKey, /^[0-9a-f]{64}$/);
    assert.equal(await codeOf('miningstart', 1), -1);
    assert.equal((await call('miningstop')).mining, false);
    assert.equal((await call('miningstart', 1)).privateKey, undefined);
    await call('miningstop');
  });

  it('have the status that the command line shows', async () => {
    const status = await call('status');
    const fields =
      'network state height headers tip chainWork peers inbound outbound mempool mining peerId addresses version';
    for (const field of fields.split(' ')) assert.notEqual(status[field], undefined, field);
    assert.equal(status.version, '1.2.3');
  });

  it('explain themselves', async () => {
    assert.match(await call('help'), /== Blockchain ==\ngetblockchaininfo\n/);
    assert.match(
      await call('help', 'getblock'),
      /^getblock blockhash \( verbosity \)\n\n.*\n\nExample:\n> indiecoin rpc getblock/,
    );
    assert.equal(await codeOf('help', 'nothing'), -1);
  });
});
