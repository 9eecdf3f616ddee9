import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Client from 'bitcoin-core';
import { bytesToHex, hexToBytes } from '../../src/bytes/hex.ts';
import { encodeAddress } from '../../src/crypto/address.ts';
import { regtest } from '../../src/params/regtest.ts';
import { decodeTransaction } from '../../src/primitives/transaction.ts';
import { answerOf, startWithClient } from '../support/bitcoinClient.ts';
import { BITCOIN_SHAPES } from '../support/bitcoinShapes.ts';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, until } from '../support/nodeProcess.ts';
import { miner, payOn } from '../support/payments.ts';

type Shape = keyof typeof BITCOIN_SHAPES;
type Answer = Readonly<Record<string, unknown>>;

/** The npm package `bitcoin-core`, made for Bitcoin Core, drives a node that knows nothing of it. */
describe('the client made for Bitcoin Core', () => {
  const address = encodeAddress(miner.publicKey, regtest.addressPrefix);
  let folder: string;
  let nodes: NodeProcess[] = [];
  let client: Client;
  let versioned: Client;

  before(async () => {
    folder = await temporaryFolder();
    const first = await startWithClient(join(folder, 'first'));
    const seeds = [await first.node.listenAddress()];
    mkdirSync(join(folder, 'second'));
    const second = await NodeProcess.start({ dataDir: join(folder, 'second'), seeds });
    nodes = [first.node, second];
    ({ client, versioned } = first);
    await until(
      'the two know each other',
      async () => (await second.rpc<unknown[]>('getpeerinfo')).length === 1,
    );
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function check(shape: Shape, method: string, ...parameters: unknown[]): Promise<Answer> {
    return answerOf(client, BITCOIN_SHAPES[shape], method, ...parameters) as Promise<Answer>;
  }

  test('a chain, a payment, and all that is told of them', async () => {
    const hashes = await client.command<string[]>('generatetoaddress', 102, address);
    assert.equal(await client.command<number>('getblockcount'), 102);
    assert.equal(await client.command<string>('getbestblockhash'), hashes.at(-1));
    assert.equal(await client.command<string>('getblockhash', 1), hashes[0]);
    const first = await client.command('getblock', hashes[0]!, 0);
    const { tx } = (await check('getblock1', 'getblock', hashes[0])) as { tx: string[] };
    assert.ok(String(first).length > 160);

    const coinbase = decodeTransaction(
      hexToBytes(await client.command<string>('getrawtransaction', tx[0], 0, hashes[0])),
    );
    const payment = bytesToHex(payOn([coinbase], { fee: 5000n }).bytes);
    await check('decoderawtransaction', 'decoderawtransaction', payment);
    await check('testmempoolaccept', 'testmempoolaccept', [payment]);
    const txid = await client.command<string>('sendrawtransaction', payment);
    await check('getrawtransaction1', 'getrawtransaction', txid, 1);
    await check('getrawtransaction2', 'getrawtransaction', txid, 2);
    await check('getrawmempool', 'getrawmempool');
    await check('getrawmempoolVerbose', 'getrawmempool', true);
    await check('getmempoolentry', 'getmempoolentry', txid);
    await check('getmempoolancestors', 'getmempoolancestors', txid);
    await check('getmempoolancestors', 'getmempooldescendants', txid);
    await check('getmempoolinfo', 'getmempoolinfo');
    const template = await check('getblocktemplate', 'getblocktemplate', { rules: ['segwit'] });
    assert.equal((template.transactions as unknown[]).length, 1);

    const [mined] = await client.command<string[]>('generatetoaddress', 1, address);
    await check('getblockheader', 'getblockheader', mined);
    assert.match(await client.command<string>('getblockheader', mined, false), /^[0-9a-f]{160}$/);
    await check('getblock2', 'getblock', mined, 2);
    const block = await check('getblock3', 'getblock', mined, 3);
    const [, paid] = block.tx as { fee: number; vin: { prevout: Answer }[] }[];
    assert.equal(paid!.fee, 0.00005);
    assert.deepEqual(
      { generated: true, height: 1, value: Number(coinbase.outputs[0]!.amount) / 1e8 },
      Object.fromEntries(
        ['generated', 'height', 'value'].map((field) => [field, paid!.vin[0]!.prevout[field]]),
      ),
    );
    const stats = await check('getblockstats', 'getblockstats', mined);
    assert.deepEqual([stats.txs, stats.totalfee, stats.ins, stats.height], [2, 5000, 1, 103]);
    const few = await client.command<Answer>('getblockstats', 103, ['txs', 'height']);
    assert.deepEqual({ ...few }, { txs: 2, height: 103 });
    await check('gettxout', 'gettxout', txid, 0);
    assert.equal(await client.command('gettxout', tx[0], 0), null);
    const coins = await check('gettxoutsetinfo', 'gettxoutsetinfo');
    assert.equal(coins.txouts, 103);
    const scan = await check('scantxoutset', 'scantxoutset', 'start', [`addr(${address})`, 'raw(deadbeef)']);
    assert.equal((scan.unspents as unknown[]).length, 103);
    assert.equal(scan.total_amount, coins.total_amount);
    assert.equal(await client.command('scantxoutset', 'status'), null);
    assert.equal(await client.command('scantxoutset', 'abort'), false);
  });

  test('the chain and the node as a whole', async () => {
    await check('getblockchaininfo', 'getblockchaininfo');
    await check('getdeploymentinfo', 'getdeploymentinfo');
    await check('getchaintips', 'getchaintips');
    await check('getchaintxstats', 'getchaintxstats');
    await check('getindexinfo', 'getindexinfo');
    await check('getmininginfo', 'getmininginfo');
    assert.ok(Number(await client.command('getnetworkhashps')) > 0);
    await check('estimatesmartfee', 'estimatesmartfee', 6);
    await check('validateaddress', 'validateaddress', address);
    const info = await check('getrpcinfo', 'getrpcinfo');
    assert.deepEqual(
      (info.active_commands as Answer[]).map(({ method }) => method),
      ['getrpcinfo'],
    );
    const levels = await check('logging', 'logging', ['network'], []);
    assert.deepEqual([levels.network, levels.chain], [true, false]);
    assert.equal((await check('logging', 'logging', [], ['network'])).network, false);
    assert.ok(Number(await client.command('uptime')) >= 0);
    assert.match(await client.command<string>('help'), /== Blockchain ==/);
  });

  test('its peers, and who is kept out', async () => {
    await check('getnetworkinfo', 'getnetworkinfo');
    await check('getnettotals', 'getnettotals');
    await check('getpeerinfo', 'getpeerinfo');
    const there = await nodes[1]!.listenAddress();
    await client.command('addnode', there, 'add');
    await check('getaddednodeinfo', 'getaddednodeinfo');
    await client.command('setban', '203.0.113.7', 'add', 1000);
    await check('listbanned', 'listbanned');
    await client.command('setban', '203.0.113.7', 'remove');
    assert.deepEqual(await client.command('listbanned'), []);
    const [{ id }] = await client.command<[{ id: number }]>('getpeerinfo');
    await client.command('disconnectnode', '', id);
    await until('it is gone', async () => {
      const peers = await client.command<{ id: number }[]>('getpeerinfo');
      return peers.every((peer) => peer.id !== id);
    });
  });

  test('a payment made by hand', async () => {
    const unsigned = await client.command<string>(
      'createrawtransaction',
      [{ txid: '11'.repeat(32), vout: 1 }],
      [{ [address]: '0.00000001' }, { data: 'cafe' }],
    );
    const decoded = await check('decoderawtransaction', 'decoderawtransaction', unsigned);
    const [input] = decoded.vin as Answer[];
    assert.deepEqual([input!.txid, input!.vout, input!.sequence], ['11'.repeat(32), 1, 0xffff_fffd]);
    const [paid, data] = decoded.vout as { value: number; scriptPubKey: Answer }[];
    assert.deepEqual([paid!.value, paid!.scriptPubKey.address], [1e-8, address]);
    assert.deepEqual([data!.value, data!.scriptPubKey.hex], [0, '6a02cafe']);
    await check('decodescript', 'decodescript', paid!.scriptPubKey.hex);
  });

  test('parameters by name, batches, and what is wrong in Bitcoin Core’s codes', async () => {
    assert.equal(
      await versioned.command('getblockhash', { height: 0 }),
      await client.command<string>('getblockhash', 0),
    );
    const batch = await client.command([
      { method: 'getblockcount', parameters: [] },
      { method: 'getblockhash', parameters: [1_000_000] },
      { method: 'getbestblockhash', parameters: [] },
    ]);
    assert.equal(batch[0], 103);
    assert.equal((batch[1] as Error & { code: number }).code, -8);
    assert.equal(batch[2], await client.command<string>('getbestblockhash'));
    const codes: [number, string, ...unknown[]][] = [
      [-32601, 'nonsense'],
      [-1, 'getblockcount', 1],
      [-8, 'getblockhash', -1],
      [-3, 'getblockhash', 'one'],
      [-8, 'getblock', 'abc'],
      [-5, 'getblock', '00'.repeat(32)],
      [-5, 'getrawtransaction', '00'.repeat(32)],
      [-22, 'sendrawtransaction', '00'],
      [-22, 'decoderawtransaction', 'zz'],
      [-5, 'getmempoolentry', '00'.repeat(32)],
      [-8, 'gettxout', 'abc', 0],
      [-5, 'generatetoaddress', 1, 'nobody'],
      [-29, 'disconnectnode', '203.0.113.9:1'],
      [-24, 'addnode', '203.0.113.9:1', 'remove'],
      [-30, 'setban', 'nonsense', 'add'],
      [-8, 'createrawtransaction', [{ txid: '11'.repeat(32), vout: -1 }], []],
      [-5, 'createrawtransaction', [{ txid: '11'.repeat(32), vout: 0 }], [{ nobody: 1 }]],
      [-3, 'createrawtransaction', [{ txid: '11'.repeat(32), vout: 0 }], [{ [address]: 0.000_000_001 }]],
      [-8, 'logging', ['nonsense']],
      [-5, 'scantxoutset', 'start', ['addr(nobody)']],
      [-8, 'estimatesmartfee', 0],
    ];
    for (const [code, method, ...parameters] of codes) {
      await assert.rejects(
        client.command(method, ...parameters),
        { code },
        `${method} ${JSON.stringify(parameters)}`,
      );
    }
    const stranger = new Client({
      host: `http://${readFileSync(join(nodes[0]!.dataDir, '.rpc-address'), 'utf8').trim()}`,
      username: 'alice',
      password: 'guessed',
    });
    await assert.rejects(stranger.command('getblockcount'), { code: 401 });
  });

  test('a block condemned and taken back; waiting for one', async () => {
    const best = await client.command<string>('getbestblockhash');
    const [node] = nodes as [NodeProcess];
    await client.command('invalidateblock', best);
    assert.equal(await client.command<number>('getblockcount'), 102);
    await client.command('reconsiderblock', best);
    assert.equal(await client.command<string>('getbestblockhash'), best);
    const waiting = client.command<{ height: number }>('waitfornewblock', 20_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await client.command('generatetoaddress', 1, address);
    assert.equal((await waiting).height, 104);
    assert.equal(await client.command('stop'), 'IndieCoin stopping');
    assert.equal(await node.ended(), 0);
  });
});
