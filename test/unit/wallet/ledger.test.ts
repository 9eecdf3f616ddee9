import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { Level } from 'level';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { payToPublicKey } from '../../../src/consensus/lockingScript.ts';
import { type Block, makeBlock } from '../../../src/primitives/block.ts';
import { makeHeader } from '../../../src/primitives/header.ts';
import { makeTransaction, type Outpoint, type Transaction } from '../../../src/primitives/transaction.ts';
import type { DroppedPayment } from '../../../src/wallet/droppedPayments.ts';
import { describePending } from '../../../src/wallet/historyEntry.ts';
import { Ledger } from '../../../src/wallet/ledger.ts';
import type { FindKey } from '../../../src/wallet/walletCoin.ts';

const root = mkdtempSync(join(tmpdir(), 'indiecoin-ledger-'));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = () => join(mkdtempSync(join(root, 'data-')), 'wallet');

const OURS = payToPublicKey(Uint8Array.of(2, ...new Uint8Array(32).fill(7)));
const THEIRS = payToPublicKey(Uint8Array.of(3, ...new Uint8Array(32).fill(9)));
const KEY = { chain: 'receive', index: 3 } as const;
const findKey: FindKey = (script) => (Buffer.compare(script, OURS) === 0 ? KEY : undefined);

function transaction(outpoint: Outpoint, ...outputs: [Uint8Array, bigint][]): Transaction {
  return makeTransaction({
    version: 2,
    inputs: [{ outpoint, unlockingScript: Uint8Array.of(1, 2), sequence: 0xffff_ffff }],
    outputs: outputs.map(([lockingScript, amount]) => ({ lockingScript, amount })),
    lockTime: 0,
  });
}

const nullOutpoint = { txHash: new Uint8Array(32), index: 0xffff_ffff };

function blockAfter(previousHash: Uint8Array, ...transactions: Transaction[]): Block {
  const fields = {
    version: 4,
    previousHash,
    merkleRoot: new Uint8Array(32),
    timeSec: 1000,
    bits: 0x207fffff,
    nonce: 0,
  };
  return makeBlock(makeHeader(fields), transactions);
}

const coinbase = transaction(nullOutpoint, [OURS, 5000n]);
const first = blockAfter(new Uint8Array(32), coinbase);
const payment = transaction({ txHash: coinbase.hash, index: 0 }, [THEIRS, 3000n], [OURS, 1900n]);
// Made and spent within one block.
const onward = transaction({ txHash: payment.hash, index: 1 }, [OURS, 1800n]);
const second = blockAfter(first.header.hash, transaction(nullOutpoint, [THEIRS, 1n]), payment, onward);

/** What is remembered of a payment of the first block's coin. */
function replaced(old: Transaction, replacedBy: Transaction, timeSec: number): DroppedPayment {
  const entry = describePending({ transaction: old, timeSec }, findKey, () => 5000n);
  return {
    transaction: old,
    entry,
    replacedBy: hashToHex(replacedBy.hash),
    conflictHeight: undefined,
    droppedHeight: timeSec,
  };
}

const amounts = (ledger: Ledger) => [...ledger.coins()].map(({ amount }) => amount);

it('is for its owner alone to read', { skip: process.platform === 'win32' }, async () => {
  const path = folder();
  const ledger = await Ledger.open(path, 'xpub');
  assert.equal(statSync(path).mode & 0o777, 0o700);
  await ledger.close();
});

it('a ledger counts coins in and out, and undoes it', async () => {
  const ledger = await Ledger.open(folder(), 'xpub-a');
  assert.deepEqual(
    ledger.connect(first, 1, findKey).entries.map(({ txid, received }) => [txid, received]),
    [[hashToHex(coinbase.hash), 5000n]],
  );
  assert.deepEqual(amounts(ledger), [5000n]);
  const { entries } = ledger.connect(second, 2, findKey);
  assert.deepEqual(
    entries.map(({ received, spent, fee }) => [received, spent, fee]),
    [
      [1900n, 5000n, 100n],
      [1800n, 1900n, 100n],
    ],
  );
  assert.deepEqual(amounts(ledger), [1800n]);
  await ledger.flush();
  assert.deepEqual(
    (await ledger.history(10)).map(({ height, received, spent, fee, isCoinbase }) => [
      height,
      received,
      spent,
      fee,
      isCoinbase,
    ]),
    [
      [2, 1800n, 1900n, 100n, false],
      [2, 1900n, 5000n, 100n, false],
      [1, 5000n, 0n, undefined, true],
    ],
  );
  await ledger.disconnect(second, 2);
  assert.deepEqual(amounts(ledger), [5000n]);
  assert.equal(ledger.tip?.height, 1);
  assert.equal((await ledger.history(10)).length, 1);
  await ledger.close();
});

it('a ledger is the same after it is opened again, undo included', async () => {
  const path = folder();
  const before = await Ledger.open(path, 'xpub-a');
  before.connect(first, 1, findKey);
  before.connect(second, 2, findKey);
  await before.addPending(onward, 1234);
  await before.close();
  const ledger = await Ledger.open(path, 'xpub-a');
  assert.deepEqual(amounts(ledger), [1800n]);
  assert.equal([...ledger.ownPending().values()][0]?.timeSec, 1234);
  await ledger.disconnect(second, 2);
  assert.deepEqual(amounts(ledger), [5000n]);
  await ledger.close();
});

it('a replaced payment is remembered until a block has it after all, or until the replacement is taken back', async () => {
  const path = folder();
  const ledger = await Ledger.open(path, 'xpub-a');
  ledger.connect(first, 1, findKey);
  await ledger.addPending(payment, 1000);
  await ledger.replacePending(replaced(payment, onward, 1000), onward, 1001);
  const txid = hashToHex(payment.hash);
  const seen = (one: Ledger) => [
    [...one.ownPending().keys()],
    [...one.dropped()].map(([old, { replacedBy, entry }]) => [old, replacedBy, entry.spent, entry.timeSec]),
  ];
  const expected = [[hashToHex(onward.hash)], [[txid, hashToHex(onward.hash), 5000n, 1000]]];
  assert.deepEqual(seen(ledger), expected);
  await ledger.close();

  const again = await Ledger.open(path, 'xpub-a');
  assert.deepEqual(seen(again), expected);
  await again.clear();
  assert.deepEqual(seen(again), expected);
  await again.restorePending(onward.hash, { transaction: payment, timeSec: 1000 });
  assert.deepEqual(seen(again), [[txid], []]);
  await again.replacePending(replaced(payment, onward, 1000), onward, 1001);
  again.connect(first, 1, findKey);
  again.connect(second, 2, findKey);
  assert.deepEqual(seen(again), [[], []]);
  await again.close();
  const last = await Ledger.open(path, 'xpub-a');
  assert.deepEqual(seen(last), [[], []]);
  await last.close();
});

it('a thousand replaced payments are remembered, the latest', async () => {
  const ledger = await Ledger.open(folder(), 'xpub-a');
  let old = transaction({ txHash: coinbase.hash, index: 0 }, [OURS, 1n]);
  await ledger.addPending(old, 1);
  const oldest = hashToHex(old.hash);
  for (let n = 2; n <= 1002; n++) {
    const next = transaction({ txHash: coinbase.hash, index: 0 }, [OURS, BigInt(n)]);
    await ledger.replacePending(replaced(old, next, n), next, n);
    ledger.limitDropped();
    assert.equal(ledger.dropped().has(oldest), n < 1002);
    old = next;
  }
  assert.equal(ledger.dropped().size, 1000);
  await ledger.close();
});

it('a kill while it is emptied for a rescan loses none of our own payments', async () => {
  const steps: string[] = [];
  for (let done = 0; done < 5; done++) {
    const path = folder();
    const ledger = await Ledger.open(path, 'xpub-a');
    ledger.connect(first, 1, findKey);
    await ledger.addPending(payment, 1000);
    await ledger.close();
    const database = new Level<Uint8Array, Uint8Array>(path, { keyEncoding: 'view', valueEncoding: 'view' });
    await database.open();
    // The order in which `clear` does it.
    for (const prefix of ['k', 't', 'c', 's', 'h'].slice(0, done))
      await database.clear({ gte: Buffer.from(prefix), lt: Buffer.from([prefix.charCodeAt(0) + 1]) });
    await database.close();
    const again = await Ledger.open(path, 'xpub-a');
    assert.equal(again.ownPending().size, 1, `after ${done} steps`);
    steps.push(String(again.tip?.height));
    await again.close();
  }
  assert.deepEqual(steps, ['1', '1', 'undefined', 'undefined', 'undefined']);
});

it('a ledger that was not written is an older one, not a torn one', async () => {
  const path = folder();
  const ledger = await Ledger.open(path, 'xpub-a');
  ledger.connect(first, 1, findKey);
  await ledger.flush();
  ledger.connect(second, 2, findKey);
  // A copy as a kill would leave it: what was flushed.
  cpSync(path, `${path}-killed`, { recursive: true });
  await ledger.close();
  const killed = await Ledger.open(`${path}-killed`, 'xpub-a');
  assert.equal(killed.tip?.height, 1);
  assert.deepEqual(amounts(killed), [5000n]);
  killed.connect(second, 2, findKey);
  assert.deepEqual(amounts(killed), [1800n]);
  await killed.close();
});

it('a coin or a payment that disappeared is missed, and a damaged table is never opened', async () => {
  for (const prefix of ['c', 'p']) {
    const path = folder();
    const ledger = await Ledger.open(path, 'xpub-a');
    ledger.connect(first, 1, findKey);
    await ledger.addPending(payment, 1000);
    await ledger.close();
    const whole = await Ledger.open(path, 'xpub-a');
    assert.deepEqual([whole.tip?.height, whole.ownPending().size], [1, 1]);
    await whole.close();
    const level = new Level<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    const [key] = await level.keys({ gte: Buffer.from(prefix), limit: 1 }).all();
    await level.del(key!);
    await level.close();
    const damaged: string[] = [];
    const anew = await Ledger.open(path, 'xpub-a', { onDamaged: (at) => damaged.push(at) });
    assert.equal(anew.tip, undefined);
    assert.deepEqual(damaged, [path]);
    await anew.close();
  }
  const path = folder();
  await (await Ledger.open(path, 'xpub-a')).close();
  const unsound = await Ledger.open(path, 'xpub-a', { isSound: async () => false });
  assert.equal(unsound.tip, undefined);
  await unsound.close();
});

it('a damaged ledger, and one of other keys, starts anew', async () => {
  const path = folder();
  const ledger = await Ledger.open(path, 'xpub-a');
  ledger.connect(first, 1, findKey);
  await ledger.close();
  const level = new Level<Buffer, Buffer>(path, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  const [key, value] = (await level.iterator({ gte: Buffer.from('c'), lt: Buffer.from('d') }).all())[0]!;
  value[0]! ^= 1;
  await level.put(key, value);
  await level.close();
  const anew = await Ledger.open(path, 'xpub-a');
  assert.equal(anew.tip, undefined);
  assert.deepEqual(amounts(anew), []);
  anew.connect(first, 1, findKey);
  await anew.close();
  const other = await Ledger.open(path, 'xpub-b');
  assert.equal(other.tip, undefined);
  assert.deepEqual(amounts(other), []);
  await other.close();
});
