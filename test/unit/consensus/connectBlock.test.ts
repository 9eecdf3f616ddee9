import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hexToBytes } from '../../../src/bytes/hex.ts';
import type { Coin } from '../../../src/consensus/coin.ts';
import {
  beginConnecting,
  connectTransactions,
  disconnectBlock,
  finishConnecting,
  isConnected,
  nextOutpoints,
} from '../../../src/consensus/connectBlock.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { outpointKey, type Transaction } from '../../../src/primitives/transaction.ts';
import { after, COIN, makeKeys, outpoint, signedTransaction, solvedBlock } from '../../support/blocks.ts';
import { spendContext } from '../../support/consensusCases.ts';
import { MapCoinSet } from '../../support/mapCoinSet.ts';

const keys = makeKeys();
const HEIGHT = 1000;
const SUBSIDY = (50n * COIN) >> 6n;
const context = spendContext({ height: HEIGHT });

function blockWith(transactions: readonly Transaction[], amount = SUBSIDY): Block {
  return solvedBlock({
    parent: after(regtest.genesis),
    height: HEIGHT,
    lockingScript: keys.lockingScript,
    amount,
    transactions,
  });
}

/** Connects to these coins and returns them changed, or the code of the rule that is broken. */
function connect(block: Block, coins: ReadonlyMap<string, Coin>) {
  const set = new MapCoinSet();
  const connection = beginConnecting(block, context, set);
  while (!isConnected(connection)) {
    // No coin is there that was not asked for.
    for (const { txHash, index } of nextOutpoints(connection)) {
      const key = outpointKey(txHash, index);
      const coin = coins.get(key);
      if (coin) set.coins.set(key, coin);
    }
    const result = connectTransactions(connection);
    if ('rejection' in result) return result.rejection.code;
  }
  const rejection = finishConnecting(connection);
  if (rejection) return rejection.code;
  const spentKeys = new Set(
    block.transactions.flatMap(({ inputs }) =>
      inputs.map(({ outpoint: { txHash, index } }) => outpointKey(txHash, index)),
    ),
  );
  const untouched = [...coins].filter(([key]) => !spentKeys.has(key));
  return { coins: new Map([...untouched, ...set.coins]), spent: connection.spent };
}

function disconnected(block: Block, coins: ReadonlyMap<string, Coin>, spent: readonly Coin[]) {
  const set = new MapCoinSet(coins);
  disconnectBlock(block, HEIGHT, spent, set);
  return set.coins;
}

const funding = Array.from({ length: 40 }, (_, index) => ({
  txHash: new Uint8Array(32).fill(index + 1),
  index,
}));
const coins = new Map<string, Coin>(
  funding.map(({ txHash, index }) => [
    outpointKey(txHash, index),
    { amount: COIN, lockingScript: keys.lockingScript, height: 5, isCoinbase: false },
  ]),
);
const spend = (from: readonly { txHash: Uint8Array; index: number }[], amounts: readonly bigint[]) =>
  signedTransaction(
    from.map((at) => ({ outpoint: at, lockingScript: keys.lockingScript, privateKey: keys.privateKey })),
    amounts.map((amount) => ({ amount, lockingScript: keys.lockingScript })),
  );

describe('connecting a block', () => {
  test('disconnecting it restores the coins, whatever it does', () => {
    const a = spend([funding[0]!, funding[1]!], [COIN, COIN - 5n]);
    const b = spend([outpoint(a, 0)], [COIN / 2n, COIN / 4n]);
    const c = spend([outpoint(b, 1), outpoint(a, 1), funding[2]!], [COIN]);
    const data = { amount: 0n, lockingScript: hexToBytes('6a0101') };
    const d = signedTransaction(
      [{ outpoint: outpoint(c), lockingScript: keys.lockingScript, privateKey: keys.privateKey }],
      [data, { amount: 1n, lockingScript: keys.lockingScript }],
    );
    const block = blockWith([a, b, c, d]);
    const result = connect(block, coins);
    assert.ok(typeof result === 'object');
    assert.equal(result.coins.has(outpointKey(d.hash, 0)), false, 'data is never a coin');
    assert.equal(result.coins.get(outpointKey(d.hash, 1))?.height, HEIGHT);
    assert.equal(result.coins.size, 40 - 3 + 3);
    assert.deepEqual(disconnected(block, result.coins, result.spent), coins);
    assert.throws(() => disconnected(block, result.coins, result.spent.slice(1)), RangeError);
    assert.throws(() => disconnected(block, result.coins, [...result.spent, result.spent[0]!]), RangeError);
  });

  test('a coin of the same block counts when it was made earlier in it, and not when later', () => {
    const a = spend([funding[0]!], [COIN]);
    const b = spend([outpoint(a)], [COIN]);
    assert.ok(typeof connect(blockWith([a, b]), coins) === 'object');
    assert.equal(connect(blockWith([b, a]), coins), 'bad-txns-inputs-missingorspent');
  });

  test('a coin is spent once: not by two transactions of a block, nor a coinbase output of its own', () => {
    const a = spend([funding[0]!], [COIN]);
    const b = spend([funding[0]!], [COIN - 1n]);
    assert.equal(connect(blockWith([a, b]), coins), 'bad-txns-inputs-missingorspent');
    const plain = blockWith([]);
    const early = spend([outpoint(plain.transactions[0]!)], [1n]);
    const own = solvedBlock({
      parent: after(regtest.genesis),
      height: HEIGHT,
      lockingScript: keys.lockingScript,
      amount: SUBSIDY,
      coinbase: plain.transactions[0]!,
      transactions: [early],
    });
    assert.equal(connect(own, coins), 'bad-txns-premature-spend-of-coinbase');
  });

  test('bad-cb-amount: subsidy and fees, and not one unit more', () => {
    const a = spend([funding[0]!], [COIN - 1000n]);
    const b = spend([funding[1]!], [COIN - 234n]);
    assert.ok(typeof connect(blockWith([a, b], SUBSIDY + 1234n), coins) === 'object');
    assert.equal(connect(blockWith([a, b], SUBSIDY + 1235n), coins), 'bad-cb-amount');
    assert.ok(typeof connect(blockWith([], 0n), coins) === 'object');
  });

  test('large blocks go in slices, with the same result', () => {
    const fanOut = spend(
      [funding[0]!],
      Array.from({ length: 2500 }, () => 1n),
    );
    const fanOut2 = spend(
      [funding[1]!],
      Array.from({ length: 2400 }, () => 1n),
    );
    const collect = Array.from({ length: 30 }, (_, i) =>
      spend([outpoint(fanOut, i), outpoint(fanOut2, i)], [2n]),
    );
    const block = blockWith([fanOut, fanOut2, ...collect]);
    const connection = beginConnecting(block, context, new MapCoinSet(coins));
    connectTransactions(connection);
    assert.ok(!isConnected(connection), 'the block takes more than one slice');
    const result = connect(block, coins);
    assert.ok(typeof result === 'object');
    assert.deepEqual(disconnected(block, result.coins, result.spent), coins);
  });

  test('signatures verified before are not asked for again', () => {
    const a = spend([funding[0]!], [COIN]);
    const b = spend([funding[1]!], [COIN]);
    const connection = beginConnecting(
      blockWith([a, b]),
      context,
      new MapCoinSet(coins),
      (transaction) => transaction.hash === a.hash,
    );
    const seen = connectTransactions(connection);
    assert.ok(
      'checks' in seen && seen.checks.length === 2,
      'another object with the same hash is another value here',
    );
    const byKey = beginConnecting(
      blockWith([a, b]),
      context,
      new MapCoinSet(coins),
      (it) => Buffer.compare(it.hash, a.hash) === 0,
    );
    const once = connectTransactions(byKey);
    assert.ok('checks' in once && once.checks.length === 1);
  });
});
