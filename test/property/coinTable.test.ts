import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bytesToKey } from '../../src/bytes/bytes.ts';
import type { Coin } from '../../src/consensus/coin.ts';
import { openValue } from '../../src/store/checkedValue.ts';
import { decodeCoin, encodeCoin } from '../../src/store/coinCodec.ts';
import { CoinTable } from '../../src/store/coinTable.ts';
import { coinKey } from '../../src/store/layout.ts';
import type { RecordCopy } from '../../src/store/recordCopy.ts';
import { MapCoinSet } from '../support/mapCoinSet.ts';

const coinArbitrary: fc.Arbitrary<Coin> = fc.record({
  amount: fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }),
  lockingScript: fc.uint8Array({ minLength: 2, maxLength: 83 }),
  height: fc.nat({ max: 2 ** 31 - 1 }),
  isCoinbase: fc.boolean(),
});
/** Few outpoints, so that they meet often. */
const outpointArbitrary = fc
  .tuple(fc.nat({ max: 3 }), fc.constantFrom(0, 1, 255, 256, 0xffff_fffe))
  .map(([fill, index]) => ({ txHash: new Uint8Array(32).fill(fill + 1), index }));
const stepArbitrary = fc.record({
  what: fc.constantFrom('load', 'spend', 'add', 'remove', 'seal'),
  outpoint: outpointArbitrary,
  coin: coinArbitrary,
});

const plain = (coin: Coin | undefined) => coin && { ...coin, lockingScript: [...coin.lockingScript] };

/** What a record says before the next one overwrites it, its checksum held against the rest. */
function bytesOf(record: RecordCopy | undefined): { key: Uint8Array; value: Uint8Array } | undefined {
  if (record === undefined) return undefined;
  const key = Uint8Array.from(record.key);
  const value = Uint8Array.from(openValue('coin', key, record.sealedValue()));
  assert.deepEqual([...record.keyAndValue], [...key, ...value]);
  return { key, value };
}

/** Puts what a table says has changed into the database that it lies upon. */
function apply(table: CoinTable, database: Map<string, Coin>): void {
  for (let number = 0; number < table.count; number++) {
    if (!table.isChanged(number)) continue;
    const before = bytesOf(table.before(number));
    const after = bytesOf(table.after(number));
    const key = bytesToKey((before ?? after)!.key);
    assert.deepEqual(plain(before && decodeCoin(before.value)), plain(database.get(key)));
    if (before && after) assert.deepEqual(before.key, after.key);
    if (after) database.set(key, decodeCoin(after.value));
    else database.delete(key);
  }
}

describe('CoinTable', () => {
  test('does what a plain map does, upon a database and upon another table', () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60 }), (steps) => {
        const model = new MapCoinSet();
        const database = new Map<string, Coin>();
        let below: CoinTable | undefined;
        let table = new CoinTable();
        const known = (outpoint: { txHash: Uint8Array; index: number }) => {
          if (table.has(outpoint) || (below && table.loadFrom(below, outpoint))) return;
          const coin = database.get(bytesToKey(coinKey(outpoint)));
          if (coin) table.load(outpoint, encodeCoin(coin));
        };
        for (const { what, outpoint, coin } of steps) {
          const here = model.coins.get(bytesToKey(coinKey(outpoint).subarray(1)));
          if (what === 'spend') {
            known(outpoint);
            assert.deepEqual(plain(table.spend(outpoint)), plain(model.spend(outpoint)));
          } else if (what === 'add' && !here) {
            table.add(outpoint, coin);
            model.add(outpoint, coin);
          } else if (what === 'remove' && here) {
            table.remove(outpoint, here);
            model.remove(outpoint, here);
          } else if (what === 'load') {
            known(outpoint);
            known(outpoint);
          } else if (what === 'seal') {
            // The one below is written before another takes its place, and remembers what the database has.
            if (below) apply(below, database);
            below = table;
            table = new CoinTable();
          }
        }
        if (below) apply(below, database);
        apply(table, database);
        const left = [...database].map(([key, coin]) => [key.slice(1), plain(coin)]);
        const expected = [...model.coins].map(([key, coin]) => [key, plain(coin)]);
        assert.deepEqual(new Map(left as [string, object][]), new Map(expected as [string, object][]));
      }),
      { numRuns: 300 },
    );
  });

  test('keeps thousands of coins apart', () => {
    const table = new CoinTable();
    const outpoints = Array.from({ length: 5000 }, (_, i) => ({
      txHash: new Uint8Array(32).fill(i % 7),
      index: i,
    }));
    const coin = { amount: 5n, lockingScript: Uint8Array.of(1, 2, 3), height: 9, isCoinbase: true };
    for (const [i, outpoint] of outpoints.entries()) table.add(outpoint, { ...coin, amount: BigInt(i) });
    for (const [i, outpoint] of outpoints.entries()) assert.equal(table.spend(outpoint)?.amount, BigInt(i));
    for (const outpoint of outpoints) assert.equal(table.spend(outpoint), undefined);
    assert.equal(table.count, 5000);
  });
});
