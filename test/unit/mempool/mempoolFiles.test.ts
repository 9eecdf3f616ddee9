import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../../src/bytes/bytes.ts';
import { DecodeError } from '../../../src/bytes/decodeError.ts';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { Mempool } from '../../../src/mempool/mempool.ts';
import { MempoolFiles } from '../../../src/mempool/mempoolFiles.ts';
import { decodeMempool, encodeMempool } from '../../../src/mempool/mempoolRecords.ts';
import { mainnet } from '../../../src/params/mainnet.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { type MiningNode, withMiningNode } from '../../support/mining.ts';
import { matureCoinbases, mine, payOn } from '../../support/payments.ts';

/** A mempool over the same chain, as after a restart, and its files. */
function restarted({ chain, verifyPool, dataDir }: MiningNode, maxUsageBytes?: number) {
  const mempool = new Mempool({ chain, verifyPool, ...(maxUsageBytes !== undefined && { maxUsageBytes }) });
  chain.onChange((change) => mempool.update(change));
  const damaged: string[] = [];
  const onDamaged = (path: string, reason: string) => damaged.push(`${path}: ${reason}`);
  return { mempool, damaged, files: new MempoolFiles({ dataDir, mempool, params: regtest, onDamaged }) };
}

const nowSec = () => Math.floor(Date.now() / 1000);

test('what waits is there again after a restart, with its times, families and what the owner added', async () => {
  await withMiningNode(async (node) => {
    const first = restarted(node);
    assert.deepEqual(await first.files.load(), { count: 0, kept: 0 });
    const coins = await matureCoinbases(node, 3);
    const parent = payOn([coins[0]!], { fee: 300n });
    const payments = [parent, payOn([parent], { fee: 9000n }), payOn([coins[1]!]), payOn([coins[2]!])];
    const times = [100, 50, 30, 20];
    for (const [i, payment] of payments.entries()) {
      const addedSec = nowSec() - times[i]!;
      const { status } = await first.mempool.accept(payment, { source: 'peer', addedSec });
      assert.equal(status, 'accepted');
    }
    first.mempool.prioritise(payments[3]!.hash, 5000);
    first.mempool.prioritise(new Uint8Array(32).fill(7), -4);
    await first.files.close();
    // One of them is mined meanwhile.
    const second = restarted(node);
    assert.equal(second.files.isLoaded, false);
    assert.deepEqual(await second.files.load(), { count: 4, kept: 4 });
    assert.equal(second.files.isLoaded, true);
    const describe = ({ mempool }: typeof first) =>
      mempool
        .byFeeRate()
        .map((entry) => [entry.txid, entry.addedSec, entry.fee, entry.modifiedFee, entry.parents.size]);
    assert.deepEqual(describe(second), describe(first));
    assert.deepEqual(second.mempool.feeDeltas, first.mempool.feeDeltas);
    assert.deepEqual(second.damaged, []);
  });
});

test('what a block took meanwhile, what is too old and what has no room does not come back', async () => {
  await withMiningNode(async (node) => {
    const coins = await matureCoinbases(node, 4);
    const first = restarted(node);
    await first.files.load();
    const old = nowSec() - 14 * 24 * 3600;
    for (const [i, coin] of coins.entries()) {
      const addedSec = i === 0 ? old + 3 : nowSec();
      await first.mempool.accept(payOn([coin], { fee: BigInt(1000 * (i + 1)) }), {
        source: 'peer',
        addedSec,
      });
    }
    assert.equal(first.mempool.size, 4);
    await first.files.save();
    const file = readFileSync(first.files.path);
    const records = [...decodeMempool(file, regtest).records];
    const aged = records.map(({ bytes, addedSec }) => ({
      transaction: { bytes },
      addedSec: addedSec === old + 3 ? old : addedSec,
    }));
    writeFileSync(
      first.files.path,
      Buffer.concat([...encodeMempool({ entries: aged, deltas: new Map() }, regtest)]),
    );
    const smaller = restarted(node, 2 * 2030);
    assert.deepEqual(await smaller.files.load(), { count: 4, kept: 2 });
    assert.deepEqual(
      smaller.mempool.byFeeRate().map(({ fee }) => fee),
      [4000n, 3000n],
    );
    await node.mempool.accept(payOn([coins[3]!], { fee: 5000n }), { source: 'peer' });
    await mine(node, 1);
    const later = restarted(node);
    assert.deepEqual(await later.files.load(), { count: 4, kept: 2 });
  });
});

test('a file that is cut, bent, too large or of another network is told of, and is no reason not to go on', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const first = restarted(node);
    await first.files.load();
    await first.mempool.accept(payOn([coin!]), { source: 'peer' });
    await first.files.save();
    const whole = readFileSync(first.files.path);
    const bent = Buffer.from(whole);
    bent[60]! ^= 1;
    const foreign = Buffer.concat([...encodeMempool({ entries: [], deltas: new Map() }, mainnet)]);
    const cases: [Buffer, RegExp][] = [
      [whole.subarray(0, whole.length - 1), /cut off or damaged/],
      [whole.subarray(0, 3), /end too early/],
      [Buffer.alloc(0), /end too early/],
      [bent, /cut off or damaged/],
      [foreign, /not a file of this network/],
      [sealed(Buffer.concat([whole.subarray(0, 4), Buffer.of(2, 0, 0, 0)])), /version 2/],
      // A count of which the bytes do not hold a thousandth.
      [sealed(Buffer.concat([whole.subarray(0, 40), Buffer.of(255, 255, 255, 255)])), /count/],
    ];
    for (const [file, reason] of cases) {
      writeFileSync(first.files.path, file);
      const again = restarted(node);
      assert.deepEqual(await again.files.load(), { count: 0, kept: 0 });
      assert.equal(again.damaged.length, 1);
      assert.match(again.damaged[0]!, reason);
      assert.equal(again.files.isLoaded, true);
    }
    writeFileSync(first.files.path, whole);
    truncateSync(first.files.path, 200_000_000);
    const huge = restarted(node);
    await huge.files.load();
    assert.match(huge.damaged[0]!, /200000000 bytes are more than it ever has/);
  });
});

test('transactions in it are judged like any other', async () => {
  await withMiningNode(async (node) => {
    const [coin] = await matureCoinbases(node, 1);
    const good = payOn([coin!]);
    const forged = Uint8Array.from(good.bytes);
    forged[60]! ^= 1;
    const entries = [forged, Uint8Array.of(1, 2, 3), new Uint8Array(60), good.bytes].map((bytes) => ({
      transaction: { bytes },
      addedSec: Number.MAX_SAFE_INTEGER,
    }));
    const { mempool, files, damaged } = restarted(node);
    writeFileSync(files.path, Buffer.concat([...encodeMempool({ entries, deltas: new Map() }, regtest)]));
    assert.deepEqual(await files.load(), { count: 4, kept: 1 });
    assert.deepEqual(damaged, []);
    // A time that is still to come is no time to come in.
    assert.ok(mempool.get(hashToHex(good.hash))!.addedSec <= nowSec());
  });
});

test('before it is loaded, nothing is written in its place', async () => {
  await withMiningNode(async (node) => {
    const { files } = restarted(node);
    assert.equal(await files.save(), false);
    const loading = files.load();
    await files.close();
    await loading;
    assert.ok(existsSync(files.path) === files.isLoaded);
  });
});

test('any bytes are a mempool or a DecodeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, hasHead) => {
      const head = Buffer.concat([...encodeMempool({ entries: [], deltas: new Map() }, regtest)]).subarray(
        0,
        40,
      );
      try {
        const { records } = decodeMempool(sealed(hasHead ? Buffer.concat([head, bytes]) : bytes), regtest);
        for (const record of records) assert.ok(record.bytes.length <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof DecodeError);
      }
    }),
  );
});

test('what is known of fees is there again', async () => {
  await withMiningNode(async (node) => {
    const first = restarted(node);
    await first.files.load();
    const { estimator } = first.mempool;
    assert.equal(estimator.bestHeight, 0);
    const coins = await matureCoinbases(node, 60);
    for (const coin of coins) {
      // The miner takes them from the node's own mempool.
      const payment = payOn([coin], { fee: 2000n });
      for (const mempool of [node.mempool, first.mempool]) await mempool.accept(payment, { source: 'peer' });
      await mine(node, 1);
    }
    const known = first.mempool.estimateFeeRate(6);
    assert.ok(known !== undefined && known.feeRate > 11 && known.feeRate < 13, JSON.stringify(known));
    await first.files.close();
    const second = restarted(node);
    await second.files.load();
    assert.deepEqual(second.mempool.estimateFeeRate(6), known);
    truncateSync(join(node.dataDir, 'fee_estimates.dat'), 1000);
    const third = restarted(node);
    await third.files.load();
    assert.equal(third.mempool.estimateFeeRate(6), undefined);
    assert.match(third.damaged[0]!, /fee_estimates\.dat: cut off or damaged/);
  });
});

function sealed(body: Uint8Array): Buffer {
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32(body));
  return Buffer.concat([body, check]);
}
