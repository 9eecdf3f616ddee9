import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { hashToHex } from '../../../src/bytes/hex.ts';
import { payToPublicKey } from '../../../src/consensus/lockingScript.ts';
import { regtest } from '../../../src/params/regtest.ts';
import { after, chainOfBlocks, solvedBlock } from '../../support/blocks.ts';
import { openChain, withFolder } from '../../support/chains.ts';
import { accept, fund, openWallet, other, withWallet } from '../../support/wallets.ts';

const COIN = 100_000_000n;

it('a mined coin is immature for 99 blocks more, then confirmed', async () => {
  await withWallet(async (setup) => {
    const { chain, wallet } = setup;
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 0n });
    const { publicKey } = await wallet.address();
    const blocks = chainOfBlocks(regtest.genesis, 0, 1, payToPublicKey(publicKey));
    blocks.push(...chainOfBlocks(blocks[0]!, 1, 99, other.lockingScript));
    await accept(chain, ...blocks.slice(0, 99));
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 50n * COIN });
    await accept(chain, blocks[99]!);
    assert.deepEqual(wallet.balance(), { confirmed: 50n * COIN, unconfirmed: 0n, immature: 0n });
    assert.deepEqual(
      (await wallet.history(5)).map(({ height, isCoinbase, received }) => [height, isCoinbase, received]),
      [[1, true, 50n * COIN]],
    );
  });
});

it('a payment is valid, its change is spendable at once, and a block confirms both', async () => {
  await withWallet(async (setup) => {
    const { chain, mempool, wallet } = setup;
    const blocks = await fund(setup);
    const paid = await wallet.spending.pay({
      payees: [{ publicKey: other.publicKey, amount: 10n * COIN }],
      feeRate: 2n,
    });
    assert.equal((await mempool.accept(paid.transaction, { source: 'test' })).status, 'accepted');
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 40n * COIN - paid.fee, immature: 0n });
    assert.ok(paid.fee >= 2n * BigInt(paid.transaction.bytes.length));
    // From the change of the first.
    const again = await wallet.spending.pay({
      payees: [{ publicKey: other.publicKey, amount: 5n * COIN }],
      feeRate: 2n,
    });
    assert.equal((await mempool.accept(again.transaction, { source: 'test' })).status, 'accepted');
    const block = solvedBlock({
      parent: after(blocks.at(-1)!),
      height: 101,
      lockingScript: other.lockingScript,
      transactions: [paid.transaction, again.transaction],
    });
    await accept(chain, block);
    assert.equal(chain.tip.height, 101);
    assert.deepEqual(wallet.balance(), {
      confirmed: 35n * COIN - paid.fee - again.fee,
      unconfirmed: 0n,
      immature: 0n,
    });
    assert.deepEqual(wallet.ownPending(), []);
    const [latest] = await wallet.history(1);
    assert.equal(latest!.fee, again.fee);
  });
});

it('a payment that is given up frees its coins', async () => {
  await withWallet(async (setup) => {
    await fund(setup);
    const { wallet } = setup;
    const { transaction } = await wallet.spending.pay({
      payees: [{ publicKey: other.publicKey, amount: COIN }],
      feeRate: 2n,
    });
    await assert.rejects(
      wallet.spending.pay({ payees: [{ publicKey: other.publicKey, amount: 50n * COIN }], feeRate: 2n }),
      {
        code: 'insufficient-funds',
      },
    );
    await wallet.spending.abandon(transaction);
    assert.equal(wallet.balance().confirmed, 50n * COIN);
    await assert.rejects(
      wallet.spending.pay({ payees: [{ publicKey: other.publicKey, amount: 999n }], feeRate: 2n }),
      {
        code: 'bad-amount',
      },
    );
  });
});

it('a reorganization takes coins back and makes a payment pending again', async () => {
  await withWallet(async (setup) => {
    const { chain, mempool, wallet } = setup;
    const blocks = await fund(setup);
    const { transaction, fee } = await wallet.spending.pay({
      payees: [{ publicKey: other.publicKey, amount: 10n * COIN }],
      feeRate: 2n,
    });
    await mempool.accept(transaction, { source: 'test' });
    const parent = after(blocks.at(-1)!);
    const plan = { parent, height: 101, lockingScript: other.lockingScript };
    await accept(chain, solvedBlock({ ...plan, transactions: [transaction] }));
    assert.equal(wallet.balance().confirmed, 40n * COIN - fee);
    const branch = chainOfBlocks(blocks.at(-1)!, 100, 2, other.lockingScript, Uint8Array.of(9, 9, 9));
    await accept(chain, ...branch);
    assert.equal(chain.tip.hash, hashToHex(branch[1]!.header.hash));
    assert.equal(mempool.has(hashToHex(transaction.hash)), true);
    assert.deepEqual(
      wallet.ownPending().map(({ hash }) => hashToHex(hash)),
      [hashToHex(transaction.hash)],
    );
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 40n * COIN - fee, immature: 0n });
  });
});

it('after a start the wallet stands where the chain does, also when the chain moved without it', async () => {
  await withWallet(async (setup) => {
    const { chain, mempool, wallet, dataDir } = setup;
    const blocks = await fund(setup);
    const { words } = await wallet.revealSecret();
    const { transaction } = await wallet.spending.pay({
      payees: [{ publicKey: other.publicKey, amount: COIN }],
      feeRate: 2n,
    });
    const { publicKey } = await wallet.address(true);
    await wallet.close();
    const more = chainOfBlocks(blocks.at(-1)!, 100, 3, payToPublicKey(publicKey));
    await accept(chain, ...more);
    const reopened = await openWallet(chain, mempool, dataDir);
    assert.equal(reopened.balance().immature, 150n * COIN);
    assert.deepEqual(
      reopened.ownPending().map(({ hash }) => hashToHex(hash)),
      [hashToHex(transaction.hash)],
    );
    await reopened.close();

    await withFolder(async (elsewhere) => {
      const restored = await openWallet(chain, mempool, elsewhere);
      await restored.restore(words);
      await restored.settled();
      assert.deepEqual(restored.balance(), { confirmed: 50n * COIN, unconfirmed: 0n, immature: 150n * COIN });
      await restored.close();
    });
  });
});

it('a wallet whose files are gone is not replaced while it is open, and none is made where one was lost', async () => {
  await withWallet(async ({ chain, mempool, wallet, dataDir }) => {
    const words = await wallet.create();
    await rm(join(dataDir, 'wallet.json'));
    const held = { code: 'exists', message: /still has the wallet/ };
    await assert.rejects(wallet.create(), held);
    await assert.rejects(wallet.restore(words), held);
    assert.deepEqual(await wallet.revealSecret(), { words, wordsPassphrase: '' });
    await wallet.close();

    const reopened = await openWallet(chain, mempool, dataDir);
    assert.match(reopened.problem ?? '', /^There was a wallet/);
    await assert.rejects(reopened.create(), { code: 'damaged' });
    await assert.rejects(reopened.revealSecret(), { code: 'no-wallet', message: /^There was a wallet/ });
    await assert.rejects(reopened.address(), { code: 'damaged' });
    await reopened.restore(words);
    await reopened.settled();
    assert.equal(reopened.problem, undefined);
    await reopened.close();
  });
});

it('a ledger ahead of a chain that lost its last blocks starts over', async () => {
  await withWallet(async (setup) => {
    await fund(setup);
    const { wallet, mempool, dataDir, verifyPool } = setup;
    await wallet.close();
    await withFolder(async (emptyFolder) => {
      const empty = await openChain(emptyFolder, { verifyPool });
      const reopened = await openWallet(empty, mempool, dataDir);
      assert.deepEqual(reopened.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 0n });
      assert.equal(reopened.height, 0);
      await reopened.close();
      await empty.close();
    });
  });
});

it('a rescan that is cut short keeps our unconfirmed payments', async () => {
  await withWallet(async (setup) => {
    const { chain, mempool, wallet, dataDir } = setup;
    await fund(setup);
    const { transaction } = await wallet.spending.pay({
      payees: [{ publicKey: other.publicKey, amount: COIN }],
      feeRate: 2n,
    });
    const before = wallet.balance();
    await wallet.rescan(0);
    assert.equal(wallet.isRescanning, true);
    await wallet.close();
    assert.ok(wallet.height < 100, 'it was cut short');
    const reopened = await openWallet(chain, mempool, dataDir);
    assert.deepEqual(
      reopened.ownPending().map(({ hash }) => hashToHex(hash)),
      [hashToHex(transaction.hash)],
    );
    assert.deepEqual(reopened.balance(), before);
    await reopened.close();
  });
});
