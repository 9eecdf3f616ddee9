import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bytesToHex, hashToHex, hexToBytes } from '../../src/bytes/hex.ts';
import { decodeTransaction, type Transaction } from '../../src/primitives/transaction.ts';
import { temporaryFolder } from '../support/chains.ts';
import { NodeProcess, type RpcFailure, until } from '../support/nodeProcess.ts';
import { miner, payOn } from '../support/payments.ts';

type Info = Readonly<{ loaded: boolean; size: number; mempoolminfee: number; fullrbf: boolean }>;
type Entry = Readonly<{ time: number; fees: { base: number; modified: number }; spentby: string[] }>;
type Tested = Readonly<{
  txid: string;
  allowed?: boolean;
  vsize?: number;
  fees?: { base: number };
  'reject-reason'?: string;
  'package-error'?: string;
}>;

const txid = ({ hash }: Transaction) => hashToHex(hash);
const hex = ({ bytes }: Transaction) => bytesToHex(bytes);

describe('the mempools of two nodes', () => {
  let folder: string;
  let nodes: NodeProcess[] = [];
  let coins: Transaction[] = [];

  before(async () => {
    folder = await temporaryFolder();
    const start = (name: string, seeds: readonly string[]) => {
      mkdirSync(join(folder, name));
      return NodeProcess.start({ dataDir: join(folder, name), seeds });
    };
    const first = await start('first', []);
    nodes = [first, await start('second', [await first.listenAddress()])];
    const hashes = await first.rpc<string[]>('generatetoaddress', 105, bytesToHex(miner.publicKey));
    coins = await Promise.all(
      hashes.slice(0, 5).map(async (hash) => {
        const { tx } = await first.rpc<{ tx: string[] }>('getblock', hash);
        return decodeTransaction(hexToBytes(await first.rpc<string>('getrawtransaction', tx[0], 0, hash)));
      }),
    );
    await until('one tip', async () => (await nodes[1]!.height()) === 105);
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** Longer than it takes the nodes to compare their mempools: gossip loses some on a busy machine. */
  const COMPARED_MS = 150_000;
  const bothHave = (what: string, txids: readonly string[]) =>
    until(
      what,
      async () => {
        const pools = await Promise.all(nodes.map((node) => node.rpc<string[]>('getrawmempool')));
        return pools.every((pool) => pool.length === txids.length && txids.every((id) => pool.includes(id)));
      },
      COMPARED_MS,
    );

  test('a payment is replaced at both, survives a restart with its time, and is in the next block', async () => {
    const [first, second] = nodes as [NodeProcess, NodeProcess];
    const poor = payOn([coins[0]!], { fee: 500n });
    const child = payOn([poor], { fee: 500n });
    for (const payment of [poor, child]) await first.rpc('sendrawtransaction', hex(payment));
    await bothHave('the payment and its child at both', [poor, child].map(txid));
    const short = payOn([coins[0]!], { fee: 1100n });
    await assert.rejects(
      second.rpc('sendrawtransaction', hex(short)),
      (error: RpcFailure) =>
        error.code === -26 &&
        /insufficient fee, rejecting replacement \w{64}, not enough/.test(error.message),
    );
    const rich = payOn([coins[0]!], { fee: 5000n });
    assert.equal(await second.rpc('sendrawtransaction', hex(rich)), txid(rich));
    await bothHave('the better paid one at both', [txid(rich)]);
    assert.deepEqual(
      await first.rpc('gettxspendingprevout', [
        { txid: txid(coins[0]!), vout: 0 },
        { txid: txid(poor), vout: 0 },
      ]),
      [
        { txid: txid(coins[0]!), vout: 0, spendingtxid: txid(rich) },
        { txid: txid(poor), vout: 0 },
      ],
    );

    const before = await Promise.all(nodes.map((node) => node.rpc<Entry>('getmempoolentry', txid(rich))));
    assert.deepEqual(await Promise.all(nodes.map((node) => node.stop())), [0, 0]);
    // The second is cut off, as after a full disk in some other life: it is told of, and the node starts.
    truncateSync(join(second.dataDir, 'mempool.dat'), 100);
    nodes = await Promise.all([first.restart(), second.restart({ seeds: [] })]);
    await until('both loaded', async () => {
      const infos = await Promise.all(nodes.map((node) => node.rpc<Info>('getmempoolinfo')));
      return infos.every(({ loaded }) => loaded);
    });
    assert.deepEqual(await nodes[0]!.rpc<Entry>('getmempoolentry', txid(rich)), before[0]);
    assert.match(nodes[1]!.output, /mempool\.dat is not used: cut off or damaged/);

    const [block] = await nodes[0]!.rpc<string[]>('generatetoaddress', 1, bytesToHex(miner.publicKey));
    const { tx } = await nodes[0]!.rpc<{ tx: string[] }>('getblock', block);
    assert.deepEqual(tx.slice(1), [txid(rich)]);
    assert.equal((await nodes[0]!.rpc<Info>('getmempoolinfo')).size, 0);
    const found = await nodes[0]!.rpc<{ confirmations: number }>('gettxout', txid(rich), 0);
    assert.equal(found.confirmations, 1);
  });

  test('testmempoolaccept says what would become of them, and adds nothing', async () => {
    const node = nodes[0]!;
    const parent = payOn([coins[1]!], { fee: 1000n });
    const child = payOn([parent], { fee: 2000n });
    const ask = (payments: readonly Transaction[], ...more: unknown[]) =>
      node.rpc<Tested[]>('testmempoolaccept', payments.map(hex), ...more);
    const length = parent.bytes.length;
    assert.deepEqual(await ask([parent]), [
      {
        txid: txid(parent),
        wtxid: txid(parent),
        allowed: true,
        vsize: length,
        fees: {
          base: 0.00001,
          'effective-feerate': Math.round(1_000_000 / length) / 1e8,
          'effective-includes': [txid(parent)],
        },
      },
    ]);
    const both = await ask([parent, child]);
    assert.deepEqual(
      both.map(({ allowed, fees }) => [allowed, fees?.base]),
      [
        [true, 0.00001],
        [true, 0.00002],
      ],
    );
    assert.deepEqual(
      (await ask([child, parent])).map((answer) => answer['package-error']),
      ['package-not-sorted', 'package-not-sorted'],
    );
    const reasonOf = async (payment: Transaction, ...more: unknown[]) =>
      (await ask([payment], ...more))[0]!['reject-reason'];
    assert.equal(await reasonOf(child), 'missing-inputs');
    assert.equal(await reasonOf(payOn([coins[1]!], { fee: 100n })), 'min relay fee not met');
    const dear = payOn([coins[1]!], { fee: 2_000_000n });
    assert.equal(await reasonOf(dear), 'max-fee-exceeded');
    assert.equal(await reasonOf(dear, 0), undefined);
    await assert.rejects(node.rpc('testmempoolaccept', []), /Array must contain between 1 and 25/);
    assert.equal((await node.rpc<Info>('getmempoolinfo')).size, 0);
    await node.rpc('sendrawtransaction', hex(parent));
    assert.equal(await reasonOf(parent), 'txn-already-in-mempool');
    await assert.rejects(node.rpc('sendrawtransaction', hex(dear)), { code: -25 });
    assert.deepEqual(await node.rpc('getmempoolancestors', txid(parent)), []);
    await node.rpc('sendrawtransaction', hex(child));
    assert.deepEqual(await node.rpc('getmempooldescendants', txid(parent)), [txid(child)]);
    const ancestors = await node.rpc<Record<string, Entry>>('getmempoolancestors', txid(child), true);
    assert.deepEqual(ancestors[txid(parent)]!.spentby, [txid(child)]);
    assert.equal(await node.rpc('prioritisetransaction', txid(parent), 0, 5000), true);
    const { fees } = await node.rpc<Entry>('getmempoolentry', txid(parent));
    assert.deepEqual([fees.base, fees.modified], [0.00001, 0.00006]);
    const { filename } = await node.rpc<{ filename: string }>('savemempool');
    assert.ok(readFileSync(filename).includes(Buffer.from(child.bytes)));
  });

  test('estimatesmartfee says when it does not know, and learns', async () => {
    const node = nodes[0]!;
    const unknown = await node.rpc<{ errors: string[] }>('estimatesmartfee', 6);
    assert.deepEqual(unknown.errors, ['Insufficient data or no feerate found']);
    await assert.rejects(node.rpc('estimatesmartfee', 0), /Invalid conf_target, must be between 1 and 1008/);
    await assert.rejects(node.rpc('estimatesmartfee', 1009), { code: -8 });
    await assert.rejects(node.rpc('estimatesmartfee', 6, 'cheap'), /Invalid estimate_mode parameter/);
    let coin = coins[2]!;
    for (let i = 0; i < 40; i++) {
      coin = payOn([coin], { fee: 4000n });
      await node.rpc('sendrawtransaction', hex(coin));
      await node.rpc('generatetoaddress', 1, bytesToHex(miner.publicKey));
    }
    const known = await node.rpc<{ feerate: number; blocks: number }>('estimatesmartfee', 6, 'CONSERVATIVE');
    assert.equal(known.blocks, 6);
    assert.ok(Math.abs(known.feerate - 0.00024) < 0.00001, String(known.feerate));
  });
});
