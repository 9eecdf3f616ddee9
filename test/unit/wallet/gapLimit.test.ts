import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Chain } from '../../../src/chain/chain.ts';
import { payToPublicKey } from '../../../src/consensus/lockingScript.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { KeyRing } from '../../../src/wallet/keyRing.ts';
import { accountOf } from '../../../src/wallet/keyTree.ts';
import { Wallet } from '../../../src/wallet/wallet.ts';
import { chainOfBlocks, makeKeys } from '../../support/blocks.ts';
import { withChain } from '../../support/chains.ts';

const WORDS = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const COIN = 100_000_000n;

const { account } = await accountOf({ words: WORDS, wordsPassphrase: 'TREZOR' });
const ring = new KeyRing(account.publicExtendedKey, {
  receive: { handedOut: 0, used: 0 },
  change: { handedOut: 0, used: 0 },
});

/** A chain whose blocks pay these addresses of the words, each 50 coins, in this order. */
async function pay(chain: Chain, indices: readonly number[], from: Block = regtest.genesis): Promise<Block> {
  let tip = from;
  for (const index of indices) {
    const script = payToPublicKey(ring.publicKey({ chain: 'receive', index }));
    [tip] = chainOfBlocks(tip, chain.tip.height, 1, script) as [Block];
    await chain.acceptBlock(tip, { requested: true, source: 'test' });
  }
  return tip;
}

async function withWallet(
  run: (setup: {
    chain: Chain;
    wallet: Wallet;
    dataDir: string;
    reopen: () => Promise<Wallet>;
  }) => Promise<void>,
): Promise<void> {
  await withChain(async (chain, dataDir) => {
    let wallet: Wallet;
    const open = () =>
      Wallet.open({ dataDir, params: regtest, chain, isInMempool: () => false, spenderOf: () => undefined });
    wallet = await open();
    chain.onChange((change) => wallet.update(change));
    const reopen = async () => {
      await wallet.close();
      wallet = await open();
      return wallet;
    };
    try {
      await run({ chain, wallet, dataDir, reopen });
    } finally {
      await wallet.close();
    }
  });
}

it('a restored wallet finds payments up to 20 keys apart, and none beyond', async () => {
  await withWallet(async ({ chain, wallet }) => {
    // 19 unused keys lie between 0 and 20, and 20 between 20 and 41; 39 comes later, and is within reach of 20.
    await pay(chain, [0, 20, 41, 39]);
    await wallet.restore(WORDS, undefined, 'TREZOR');
    await wallet.settled();
    assert.equal(wallet.balance().immature, 150n * COIN);
    assert.equal(wallet.keys.ring.counts('receive').used, 40);
    // Reading the chain once more, now that 41 is near: it is found too.
    await wallet.rescan(0);
    await wallet.settled();
    assert.equal(wallet.balance().immature, 200n * COIN);
  });
});

it('the same words with another passphrase, or without one, find nothing', async () => {
  await withWallet(async ({ chain, wallet }) => {
    await pay(chain, [0, 1]);
    await wallet.restore(WORDS);
    await wallet.settled();
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 0n });
  });
});

it('a rescan from before its birth finds what the wallet was paid before', async () => {
  await withWallet(async ({ chain, wallet, reopen }) => {
    await wallet.create();
    const { publicKey } = await wallet.address();
    const blocks = chainOfBlocks(regtest.genesis, 0, 6, payToPublicKey(publicKey));
    for (const block of blocks) await chain.acceptBlock(block, { requested: true, source: 'test' });
    // As if it had been made at height 4.
    await wallet.keys.setBirthHeight(4);
    await wallet.rescan(5);
    await wallet.settled();
    assert.equal(wallet.balance().immature, 100n * COIN);
    await wallet.rescan(3);
    await wallet.settled();
    assert.equal(wallet.balance().immature, 200n * COIN);
    const reopened = await reopen();
    assert.equal(reopened.balance().immature, 200n * COIN);
    assert.equal(reopened.keys.birthHeight, 2);
  });
});

it('watched coins are apart: not in the balance, not spendable, and there again after a start', async () => {
  await withWallet(async ({ chain, wallet, reopen }) => {
    await wallet.create();
    const cold = makeKeys();
    const blocks = chainOfBlocks(regtest.genesis, 0, 5, cold.lockingScript);
    for (const block of blocks.slice(0, 3))
      await chain.acceptBlock(block, { requested: true, source: 'test' });
    await wallet.watch(cold.publicKey, { fromHeight: 2 });
    await wallet.settled();
    await assert.rejects(wallet.watch(wallet.keys.ring.publicKey({ chain: 'change', index: 3 })), {
      code: 'own-key',
    });
    for (const block of blocks.slice(3)) await chain.acceptBlock(block, { requested: true, source: 'test' });
    assert.deepEqual(wallet.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 0n });
    assert.deepEqual(wallet.spending.spendable(), []);
    assert.deepEqual(
      wallet.watchOnly!.coins().map(({ height, isWatchOnly }) => [height, isWatchOnly]),
      [2, 3, 4, 5].map((height) => [height, true]),
    );
    // A branch without them takes them away again.
    const other = chainOfBlocks(blocks[1]!, 2, 4, makeKeys().lockingScript);
    for (const block of other) await chain.acceptBlock(block, { requested: true, source: 'test' });
    assert.deepEqual(wallet.watchOnly!.balance(), { confirmed: 0n, unconfirmed: 0n, immature: 50n * COIN });
    const reopened = await reopen();
    await reopened.settled();
    assert.equal(reopened.watchOnly!.balance().immature, 50n * COIN);
    assert.equal((await reopened.watchOnly!.history(10)).length, 1);
  });
});
