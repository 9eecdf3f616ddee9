import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { it } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import type { Chain } from '../../../src/chain/chain.ts';
import { payToPublicKey } from '../../../src/consensus/lockingScript.ts';
import { Mempool } from '../../../src/mempool/mempool.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { makeTransaction, type Transaction } from '../../../src/primitives/transaction.ts';
import {
  after,
  COIN,
  chainOfBlocks,
  outpoint,
  signedTransaction,
  solvedBlock,
} from '../../support/blocks.ts';
import { temporaryFolder } from '../../support/chains.ts';
import { accept, fund, openWallet, other, type Setup, withWallet } from '../../support/wallets.ts';

const txidOf = ({ hash }: Transaction) => hashToHex(hash);

function blockWith(parent: Block, height: number, transactions: Transaction[], extra = 0): Block {
  const plan = { parent: after(parent), height, lockingScript: other.lockingScript, transactions };
  return solvedBlock({ ...plan, extra: Uint8Array.of(extra, extra) });
}

async function submit({ mempool }: Setup, transaction: Transaction): Promise<void> {
  const verdict = await mempool.accept(transaction, { source: 'test' });
  assert.equal(verdict.status, 'accepted');
}

/** A payment of the wallet's first coin that was made by hand, with its keys, and pays so much of it to somebody else. */
async function byHand({ wallet }: Setup, coinbase: Transaction, amount: bigint, fee: bigint) {
  const { publicKey } = await wallet.changeAddress();
  const outputs = [
    { amount, lockingScript: other.lockingScript },
    { amount: 50n * COIN - amount - fee, lockingScript: payToPublicKey(publicKey) },
  ];
  const input = { outpoint: outpoint(coinbase), unlockingScript: new Uint8Array(), sequence: 0 };
  const unsigned = makeTransaction({ version: 1, inputs: [input], outputs, lockTime: 0 });
  const { lockingScript } = coinbase.outputs[0]!;
  const { transaction } = await wallet.spending.sign(unsigned, [{ lockingScript }]);
  return transaction;
}

/** Blocks of somebody else, the first of which can be spent; and one that pays the wallet from it, in the mempool. */
async function payIn(setup: Setup, isInBlock: boolean) {
  const { chain, wallet } = setup;
  const blocks = chainOfBlocks(regtest.genesis, 0, 100, other.lockingScript);
  await accept(chain, ...blocks);
  const { publicKey } = await wallet.address();
  const pay = (lockingScript: Uint8Array, amount: bigint) =>
    signedTransaction(
      [{ ...other, outpoint: outpoint(blocks[0]!.transactions[0]!), sequence: 0 }],
      [{ amount, lockingScript }],
    );
  const incoming = pay(payToPublicKey(publicKey), 49n * COIN);
  await submit(setup, incoming);
  if (isInBlock) await accept(chain, blockWith(blocks.at(-1)!, 101, [incoming]));
  return { blocks, incoming, pay };
}

it('what takes the place of a payment of ours by hand is counted, and not both', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, mempool, dataDir, told } = setup;
    const blocks = await fund(setup);
    const payee = { publicKey: other.publicKey, amount: 10n * COIN };
    const { transaction: first } = await wallet.spending.pay({ payees: [payee], feeRate: 2n });
    await submit(setup, first);
    const second = await byHand(setup, blocks[0]!.transactions[0]!, 20n * COIN, COIN / 100n);
    await submit(setup, second);
    assert.equal(wallet.balance().unconfirmed, 30n * COIN - COIN / 100n);
    assert.deepEqual(wallet.ownPending().map(txidOf), [txidOf(second)]);
    assert.deepEqual(
      wallet.unspent().map(({ amount, isSpendable }) => [amount, isSpendable]),
      [[30n * COIN - COIN / 100n, true]],
    );
    const dropped = wallet.dropped().get(txidOf(first))!;
    assert.deepEqual([dropped.replacedBy, dropped.entry.spent], [txidOf(second), 50n * COIN]);
    assert.deepEqual(told.dropped, [{ payment: dropped, wasConfirmed: false }]);
    // Its change is as good as any: all of it can be paid on.
    const rest = { publicKey: other.publicKey, amount: 29n * COIN };
    const { transaction: third } = await wallet.spending.pay({ payees: [rest], feeRate: 2n });
    await submit(setup, third);

    await accept(chain, blockWith(blocks.at(-1)!, 101, [second, third]));
    assert.equal(wallet.dropped().get(txidOf(first))?.conflictHeight, 101);
    await wallet.close();
    const reopened = await openWallet(chain, mempool, dataDir);
    const kept = reopened.dropped().get(txidOf(first))!;
    assert.deepEqual(
      { ...kept, transaction: first },
      { ...dropped, conflictHeight: 101, transaction: first },
    );
    assert.equal(txidOf(kept.transaction), txidOf(first));
    await reopened.close();
  });
});

it('a payment of ours whose coins a block spends otherwise is told of, and frees what is left', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const blocks = await fund(setup);
    const payee = { publicKey: other.publicKey, amount: 10n * COIN };
    const { transaction: first } = await wallet.spending.pay({ payees: [payee], feeRate: 2n });
    await submit(setup, first);
    const { transaction: child } = await wallet.spending.pay({ payees: [payee], feeRate: 2n });
    await submit(setup, child);
    const second = await byHand(setup, blocks[0]!.transactions[0]!, 20n * COIN, COIN / 100n);
    await accept(chain, blockWith(blocks.at(-1)!, 101, [second]));
    assert.deepEqual(wallet.balance(), {
      confirmed: 30n * COIN - COIN / 100n,
      unconfirmed: 0n,
      immature: 0n,
    });
    assert.deepEqual(
      told.dropped.map(({ payment: { entry, replacedBy } }) => [entry.txid, entry.spent > 0n, replacedBy]),
      [first, child].map((one) => [txidOf(one), true, txidOf(second)]),
    );
    assert.equal(wallet.dropped().get(txidOf(first))?.conflictHeight, 101);
  });
});

it('a payment to us that another one takes the place of is told of', async () => {
  await withWallet(async (setup) => {
    const { wallet, told } = setup;
    const { incoming, pay } = await payIn(setup, false);
    assert.equal(wallet.balance().unconfirmed, 49n * COIN);
    const away = pay(other.lockingScript, 48n * COIN);
    await submit(setup, away);
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 0n });
    const [{ payment, wasConfirmed } = assert.fail(), ...more] = told.dropped;
    assert.deepEqual([payment.entry.txid, payment.replacedBy], [txidOf(incoming), txidOf(away)]);
    assert.deepEqual([payment.entry.received, wasConfirmed, more], [49n * COIN, false, []]);
    assert.deepEqual(await wallet.history(10), []);
  });
});

it('a payment to us that a block contradicts is told of, with the depth of that', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const { blocks, incoming, pay } = await payIn(setup, false);
    const away = pay(other.lockingScript, 48n * COIN);
    await accept(chain, blockWith(blocks.at(-1)!, 101, [away]));
    const dropped = wallet.dropped().get(txidOf(incoming))!;
    assert.deepEqual([dropped.replacedBy, dropped.conflictHeight], [txidOf(away), 101]);
    assert.deepEqual(told.dropped, [{ payment: dropped, wasConfirmed: false }]);
  });
});

it('a confirmed payment to us that a reorganization spends otherwise is told of', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const { blocks, incoming, pay } = await payIn(setup, true);
    assert.equal(wallet.balance().confirmed, 49n * COIN);
    const before = told.transactions.length;
    const away = pay(other.lockingScript, 48n * COIN);
    const rival = blockWith(blocks.at(-1)!, 101, [away], 9);
    await accept(chain, rival, ...chainOfBlocks(rival, 101, 1, other.lockingScript));
    assert.equal(chain.tip.height, 102);
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 0n });
    const dropped = wallet.dropped().get(txidOf(incoming))!;
    assert.deepEqual([dropped.replacedBy, dropped.conflictHeight], [txidOf(away), 101]);
    assert.deepEqual(told.dropped, [{ payment: dropped, wasConfirmed: true }]);
    assert.equal(told.transactions.length, before, 'nobody hears that it is on its way');
    // The first branch wins after all.
    const back = [blockWith(blocks.at(-1)!, 101, [incoming])];
    back.push(...chainOfBlocks(back[0]!, 101, 2, other.lockingScript));
    await accept(chain, ...back);
    assert.equal(chain.tip.height, 103);
    assert.equal(wallet.balance().confirmed, 49n * COIN);
    assert.equal(wallet.dropped().size, 0);
  });
});

it('a payment that only moves from one block to another is not on its way again', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const { blocks, incoming } = await payIn(setup, true);
    const rival = blockWith(blocks.at(-1)!, 101, [incoming], 9);
    const before = told.transactions.length;
    await accept(chain, rival, ...chainOfBlocks(rival, 101, 1, other.lockingScript));
    assert.deepEqual(
      told.transactions.slice(before).map(({ txid, height }) => [txid, height]),
      [[txidOf(incoming), 101]],
    );
    assert.deepEqual([told.dropped, wallet.dropped().size], [[], 0]);
  });
});

it('a confirmed payment to us that is unconfirmed again is told of as such', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const { blocks, incoming } = await payIn(setup, true);
    const before = told.transactions.length;
    await accept(chain, ...chainOfBlocks(blocks.at(-1)!, 100, 2, other.lockingScript, Uint8Array.of(9, 9)));
    assert.deepEqual(
      told.transactions.slice(before).map(({ txid, height }) => [txid, height]),
      [[txidOf(incoming), undefined]],
    );
    assert.deepEqual([told.dropped, wallet.dropped().size], [[], 0]);
    assert.equal(wallet.balance().unconfirmed, 49n * COIN);
  });
});

it('a payment whose coin is too young again waits: it is not trusted, and can be sent when the coin is old enough', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, mempool } = setup;
    const blocks = await fund(setup);
    const payee = { publicKey: other.publicKey, amount: 10n * COIN };
    const { transaction } = await wallet.spending.pay({ payees: [payee], feeRate: 2n });
    await submit(setup, transaction);
    await accept(chain, blockWith(blocks.at(-1)!, 101, [transaction]));
    // The coinbase of the first block in it can be spent from 101 on: the other branch is as long when it wins, by its work.
    const fork = blocks[97]!;
    const rival = chainOfBlocks(fork, 98, 3, other.lockingScript, Uint8Array.of(9, 9));
    await chain.invalidate(chain.node(hashToHex(blocks[98]!.header.hash))!);
    await accept(chain, rival[0]!);
    assert.equal(chain.tip.height, 99);
    assert.equal(mempool.size, 0);
    assert.deepEqual(wallet.strandedPayments().map(txidOf), [txidOf(transaction)]);
    assert.equal(wallet.pendingTransaction(txidOf(transaction))?.isTrusted, false);
    assert.deepEqual(
      wallet.unspent().map(({ isSpendable }) => isSpendable),
      [false],
    );
    await accept(chain, rival[1]!);
    await submit(setup, wallet.strandedPayments()[0]!);
    assert.deepEqual(wallet.strandedPayments(), []);
    assert.equal(wallet.pendingTransaction(txidOf(transaction))?.isTrusted, true);
  });
});

it('while a rescan has not read the coins yet, a replacement takes nothing with it but what builds on the replaced one', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const { publicKey } = await wallet.address();
    const blocks = chainOfBlocks(regtest.genesis, 0, 2, payToPublicKey(publicKey));
    blocks.push(...chainOfBlocks(blocks[1]!, 2, 99, other.lockingScript));
    await accept(chain, ...blocks);
    const pay = async (amount: bigint) => {
      const payees = [{ publicKey: other.publicKey, amount }];
      const { transaction } = await wallet.spending.pay({ payees, feeRate: 2n });
      await submit(setup, transaction);
      return transaction;
    };
    const first = await pay(45n * COIN);
    const apart = await pay(46n * COIN);
    const child = await pay(4n * COIN);
    const parents = [first, apart].filter(({ hash }) =>
      child.inputs.some(({ outpoint: { txHash } }) => Buffer.compare(txHash, hash) === 0),
    );
    assert.equal(parents.length, 1);
    const [parent = assert.fail()] = parents;
    const bystander = parent === first ? apart : first;
    const coin = blocks
      .map(({ transactions }) => transactions[0]!)
      .find(({ hash }) => Buffer.compare(hash, parent.inputs[0]!.outpoint.txHash) === 0)!;
    const rival = await byHand(setup, coin, 20n * COIN, COIN / 100n);
    await wallet.rescan(0);
    assert.equal(wallet.isRescanning, true);
    wallet.noteTransaction(rival, { replaced: [txidOf(parent)] });
    assert.deepEqual(
      told.dropped.map(({ payment }) => payment.entry.txid),
      [txidOf(parent), txidOf(child)],
    );
    assert.deepEqual(wallet.ownPending().map(txidOf), [txidOf(bystander)]);
    await wallet.settled();
    assert.deepEqual(wallet.ownPending().map(txidOf), [txidOf(bystander)]);
  });
});

it('a rescan forgets nothing that waits, and when it fails, nothing is taken for dead', async () => {
  const disk = { fails: false };
  const view = (chain: Chain) =>
    new Proxy(chain, {
      get(target, name) {
        if (name === 'readBlock')
          return async (hash: string) => (disk.fails ? undefined : target.readBlock(hash));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  await withWallet(async (setup) => {
    const { chain, wallet, told } = setup;
    const blocks = await fund(setup);
    const last = chainOfBlocks(blocks.at(-1)!, 100, 1, other.lockingScript);
    await accept(chain, ...last);
    const { publicKey } = await wallet.address();
    const theirs = [{ ...other, outpoint: outpoint(blocks[1]!.transactions[0]!), sequence: 0 }];
    const incoming = [{ amount: 49n * COIN, lockingScript: payToPublicKey(publicKey) }];
    await submit(setup, signedTransaction(theirs, incoming));
    const payees = [{ publicKey: other.publicKey, amount: 10n * COIN }];
    const { transaction: own } = await wallet.spending.pay({ payees, feeRate: 2n });
    await submit(setup, own);
    const before = wallet.balance();
    await wallet.rescan(undefined);
    await wallet.settled();
    assert.deepEqual(wallet.balance(), before);

    disk.fails = true;
    await wallet.rescan(undefined);
    await wallet.settled();
    assert.match(wallet.problem ?? '', /cannot be read/);
    disk.fails = false;
    await accept(chain, ...chainOfBlocks(last[0]!, 101, 1, other.lockingScript));
    await wallet.settled();
    assert.deepEqual(wallet.ownPending().map(txidOf), [txidOf(own)]);
    assert.deepEqual([wallet.balance(), told.dropped], [before, []]);
  }, view);
});

it('a refused higher fee does not bring back what a block, or another replacement, has decided', async () => {
  for (const isInBlock of [true, false]) {
    await withWallet(async (setup) => {
      const { chain, wallet, mempool } = setup;
      const blocks = await fund(setup);
      const payees = [{ publicKey: other.publicKey, amount: 10n * COIN }];
      const { transaction: own } = await wallet.spending.pay({ payees, feeRate: 2n });
      await submit(setup, own);
      const hand = await byHand(setup, blocks[0]!.transactions[0]!, 20n * COIN, COIN);
      const pending = wallet.pendingTransaction(txidOf(own))!;
      const options = { feeRate: 10n, increment: 1n, isExact: false };
      const { transaction: bumped } = await wallet.spending.bump(txidOf(own), options);
      if (isInBlock) await accept(chain, blockWith(blocks.at(-1)!, 101, [own]));
      else await submit(setup, hand);
      assert.notEqual((await mempool.accept(bumped, { source: 'test' })).status, 'accepted');
      await wallet.spending.unbump(bumped, pending);
      const expected = isInBlock ? [] : [txidOf(hand)];
      assert.deepEqual(wallet.ownPending().map(txidOf), expected);
      assert.equal(wallet.balance().unconfirmed, isInBlock ? 0n : 29n * COIN);
      assert.equal(wallet.dropped().has(txidOf(own)), !isInBlock);
    });
  }
});

it('what replaces a payment in the middle of a reorganization is counted alone', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, mempool } = setup;
    const blocks = await fund(setup);
    const payees = [{ publicKey: other.publicKey, amount: 10n * COIN }];
    const { transaction: own } = await wallet.spending.pay({ payees, feeRate: 2n });
    await submit(setup, own);
    const hand = await byHand(setup, blocks[0]!.transactions[0]!, 20n * COIN, COIN);
    await accept(chain, blockWith(blocks.at(-1)!, 101, [own]));
    const rival = chainOfBlocks(blocks.at(-1)!, 100, 2, other.lockingScript, Uint8Array.of(9, 9));
    await accept(chain, rival[0]!);
    const reorganized = accept(chain, rival[1]!);
    let status = '';
    for (let tries = 0; status !== 'accepted' && tries < 100_000; tries++) {
      status = (await mempool.accept(hand, { source: 'test' })).status;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await reorganized;
    assert.equal(wallet.balance().unconfirmed, 29n * COIN);
    assert.deepEqual(wallet.ownPending().map(txidOf), [txidOf(hand)]);
  });
});

it('a payment of ours upon one that was undone is kept over a kill, and can be sent when that is there again', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet, dataDir, verifyPool } = setup;
    const { blocks, incoming } = await payIn(setup, true);
    const payees = [{ publicKey: other.publicKey, amount: 10n * COIN }];
    const { transaction: own } = await wallet.spending.pay({ payees, feeRate: 2n });
    await submit(setup, own);
    const rival = chainOfBlocks(blocks.at(-1)!, 100, 2, other.lockingScript, Uint8Array.of(9, 9));
    await accept(chain, ...rival);
    const copy = await temporaryFolder();
    cpSync(dataDir, copy, { recursive: true });
    const empty = new Mempool({ chain, verifyPool });
    const again = await openWallet(chain, empty, copy);
    chain.onChange((change) => empty.update(change));
    chain.onChange((change) => again.update(change));
    await accept(chain, blockWith(rival[1]!, 103, [incoming]));
    assert.deepEqual(again.strandedPayments().map(txidOf), [txidOf(own)]);
    await again.close();
    rmSync(copy, { recursive: true });
  });
});
