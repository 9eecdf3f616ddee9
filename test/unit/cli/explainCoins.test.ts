import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytesToHex, hexToHash } from '../../../src/bytes/hex.ts';
import { addPrevouts, type CoinTable, coinIn } from '../../../src/cli/explain/nodeCoins.ts';
import { makeKeys } from '../../support/blocks.ts';

const TXID = '0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9';
const { lockingScript } = makeKeys();
const unknown = { needs: 'something' };

/** Of Bitcoin Core's getblock with verbosity 3 and getrawtransaction with verbosity 2. */
const vin = (value: number, hex = bytesToHex(lockingScript)) => [
  { coinbase: '0102' },
  { txid: TXID, vout: 1 },
  { txid: TXID, vout: 3, prevout: { generated: true, height: 9, value, scriptPubKey: { hex } } },
];

describe('the coins that a node gives along with a transaction', () => {
  test('are exact to the last base unit', () => {
    for (const [value, amount] of [
      [0, 0n],
      [0.00000001, 1n],
      [0.1, 10_000_000n],
      [20_999_999.99999999, 2_099_999_999_999_999n],
    ] as const) {
      const table: CoinTable = new Map();
      addPrevouts({ vin: vin(value) }, table);
      const coin = coinIn(table, unknown)({ txHash: hexToHash(TXID), index: 3 });
      assert.deepEqual(coin, {
        amount,
        lockingScript: Buffer.from(lockingScript),
        height: 9,
        isCoinbase: true,
      });
    }
  });

  test('are not known where it gives none, and data is no coin', () => {
    const table: CoinTable = new Map();
    addPrevouts({ vin: vin(1, '6a') }, table);
    const coinOf = coinIn(table, unknown);
    assert.equal(coinOf({ txHash: hexToHash(TXID), index: 1 }), unknown);
    assert.equal(coinOf({ txHash: hexToHash(TXID), index: 3 }), undefined);
  });
});
