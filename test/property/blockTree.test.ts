import assert from 'node:assert/strict';
import { after as afterAll, before, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { hashToHex } from '../../src/bytes/hex.ts';
import type { BlockNode } from '../../src/chain/blockNode.ts';
import type { BlockVerdict } from '../../src/chain/blockVerdict.ts';
import type { Chain } from '../../src/chain/chain.ts';
import type { ChainChange } from '../../src/chain/chainChange.ts';
import { verifyChain } from '../../src/chain/verifyChain.ts';
import type { Coin } from '../../src/consensus/coin.ts';
import { VerifyPool } from '../../src/crypto/verifyPool.ts';
import { type Block, makeBlock } from '../../src/primitives/block.ts';
import { makeTransaction, outpointKey, type Transaction } from '../../src/primitives/transaction.ts';
import { after, COIN, makeKeys, signedTransaction, solvedBlock } from '../support/blocks.ts';
import { openChain, withFolder } from '../support/chains.ts';
import { networkWith } from '../support/consensusCases.ts';

/**
 * Random trees of blocks, some of them invalid, in any order of arrival and with restarts in between, against a model that
 * is as slow and plain as can be: it keeps the whole set of coins for every block.
 */
const params = networkWith({ coinbaseMaturity: 1, halvingBlocks: 1_000_000 });
const keys = makeKeys();
const BLOCKS = 24;

type Kind = 'plain' | 'spend' | 'chained' | 'greedy' | 'missing' | 'unsigned';
type Plan = Readonly<{ parent: number; kind: Kind; pick: number }>;
/** A block and what the model knows of it. */
type Modelled = Readonly<{
  block: Block;
  height: number;
  isValid: boolean;
  coins: ReadonlyMap<string, Coin>;
  /** By its payments, in the order of their inputs: what undoing it brings back. */
  spent: readonly Coin[];
}>;

const plans = fc.array(
  fc.record<Plan>({
    // Mostly on one of the last blocks, so that branches get long.
    parent: fc.nat(3),
    kind: fc.constantFrom<Kind>(
      'plain',
      'plain',
      'spend',
      'spend',
      'chained',
      'greedy',
      'missing',
      'unsigned',
    ),
    pick: fc.nat(1000),
  }),
  { minLength: BLOCKS, maxLength: BLOCKS },
);

function build(list: readonly Plan[]): Modelled[] {
  const tree: Modelled[] = [{ block: params.genesis, height: 0, isValid: true, coins: new Map(), spent: [] }];
  for (const [index, plan] of list.entries())
    tree.push(grow(tree[Math.max(0, tree.length - 1 - plan.parent)]!, plan, index));
  return tree;
}

function grow(parent: Modelled, { kind, pick }: Plan, index: number): Modelled {
  const height = parent.height + 1;
  const transactions = transactionsOf(parent, kind, pick);
  const hasCoins = transactions.length > 0 || kind === 'plain' || kind === 'greedy';
  const block = solvedBlock({
    parent: after(parent.block),
    height,
    lockingScript: keys.lockingScript,
    amount: 50n * COIN + (kind === 'greedy' ? 1n : 0n),
    transactions,
    extra: Uint8Array.of(2, index & 0xff, index >> 8),
  });
  const isBroken = hasCoins && ['greedy', 'missing', 'unsigned'].includes(kind);
  return { block, height, isValid: parent.isValid && !isBroken, ...connect(parent.coins, block, height) };
}

function transactionsOf({ coins, height }: Modelled, kind: Kind, pick: number): Transaction[] {
  // A coin that is old enough wherever it comes from: the coinbase of the parent is, with a maturity of one block.
  const entries = [...coins].filter(([, coin]) => coin.height <= height);
  const chosen = entries[pick % Math.max(1, entries.length)];
  if (!chosen || kind === 'plain' || kind === 'greedy') return [];
  const spend = (key: string, amount: bigint) =>
    signedTransaction(
      [{ outpoint: outpointOf(key), lockingScript: keys.lockingScript, privateKey: keys.privateKey }],
      [
        { amount: amount / 2n, lockingScript: keys.lockingScript },
        { amount: amount / 2n, lockingScript: keys.lockingScript },
      ],
    );
  const [key, { amount }] = chosen;
  const first = spend(key, amount);
  if (kind === 'spend') return [first];
  if (kind === 'chained') return [first, spend(outpointKey(first.hash, 1), amount / 2n)];
  if (kind === 'missing') return [first, spend(key, amount / 2n)];
  const [input] = first.inputs;
  const other = spend(outpointKey(first.hash, 0), amount / 2n).inputs[0]!.unlockingScript;
  return [makeTransaction({ ...first, inputs: [{ ...input!, unlockingScript: other }] })];
}

function outpointOf(key: string) {
  const bytes = Buffer.from(key, 'latin1');
  return { txHash: bytes.subarray(0, 32), index: bytes.readUInt32LE(32) };
}

function connect(
  coins: ReadonlyMap<string, Coin>,
  { transactions }: Block,
  height: number,
): { coins: Map<string, Coin>; spent: Coin[] } {
  const result = new Map(coins);
  const spent: Coin[] = [];
  for (const [n, { inputs, outputs, hash }] of transactions.entries()) {
    for (const { outpoint } of n > 0 ? inputs : []) {
      const key = outpointKey(outpoint.txHash, outpoint.index);
      const coin = result.get(key);
      if (coin) spent.push(coin);
      result.delete(key);
    }
    for (const [index, { amount, lockingScript }] of outputs.entries()) {
      result.set(outpointKey(hash, index), { amount, lockingScript, height, isCoinbase: n === 0 });
    }
  }
  return { coins: result, spent };
}

/** Follows a chain as the mempool and the wallet do, and holds what it is told against the model. */
class Follower {
  readonly chain: Chain;
  readonly #byHash: ReadonlyMap<string, Modelled>;
  readonly #verdicts: Promise<void>[] = [];
  readonly #wasActive = new Set<string>();
  /** Turns of the event loop that a change takes to be followed: meanwhile the chain goes on. */
  pauses = 0;
  #tip: BlockNode;
  #failure: unknown;

  constructor(chain: Chain, byHash: ReadonlyMap<string, Modelled>) {
    this.chain = chain;
    this.#byHash = byHash;
    this.#tip = chain.tip;
    for (let at: BlockNode | undefined = chain.tip; at; at = at.parent) this.#wasActive.add(at.hash);
    chain.onChange((change) => this.#follow(change).catch((error) => this.#fail(error)));
    chain.onInvalidBlock(({ hash }) => this.#expect(!byHash.get(hash)!.isValid, `${hash} is valid`));
  }

  submit(block: Block, raw: boolean): void {
    const given = raw ? Uint8Array.from(block.bytes) : makeBlock(block.header, block.transactions);
    const verdict = this.chain.acceptBlock(given, { requested: true, source: 'peer' });
    this.#verdicts.push(verdict.then((told) => this.#judge(block, told)).catch((error) => this.#fail(error)));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#verdicts.splice(0));
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    await this.chain.close();
    await this.settled();
  }

  async #follow({ disconnected, connected, tip }: ChainChange): Promise<void> {
    for (const { node, block } of disconnected) {
      assert.equal(node, this.#tip);
      assert.equal(hashToHex(block.header.hash), node.hash);
      this.#tip = node.parent!;
    }
    for (const { node, block } of connected) {
      assert.equal(node.parent, this.#tip);
      assert.equal(hashToHex(block.header.hash), node.hash);
      this.#wasActive.add(node.hash);
      this.#tip = node;
    }
    assert.equal(tip, this.#tip);
    for (let i = 0; i < this.pauses; i++) await setImmediate();
    assert.equal(this.chain.tip, tip);
    const { isValid, coins } = this.#byHash.get(tip.hash)!;
    assert.ok(isValid);
    const scanned = await this.chain.scanCoins(() => undefined);
    assert.deepEqual([scanned.tip, scanned.coinCount], [tip, coins.size]);
  }

  #judge({ header }: Block, verdict: BlockVerdict): void {
    const hash = hashToHex(header.hash);
    const { isValid } = this.#byHash.get(hash)!;
    if (verdict.status === 'rejected') this.#expect(!isValid, `${hash} is valid`);
    if (verdict.status === 'connected') this.#expect(this.#wasActive.has(hash), `${hash} is not committed`);
  }

  #expect(holds: boolean, message: string): void {
    if (!holds) this.#fail(new Error(message));
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
  }
}

describe('any tree of blocks, in any order', () => {
  let verifyPool: VerifyPool;
  before(async () => {
    verifyPool = await VerifyPool.open({ threads: 1 });
  });
  afterAll(() => verifyPool.close());

  test('ends at the most work among the valid, with the model’s coins, undo data and index', async () => {
    const arrivals = fc.array(
      fc.record({
        at: fc.nat(BLOCKS - 1),
        restart: fc.nat(9),
        header: fc.boolean(),
        // One that comes unasked may be an orphan, which waits for its parents.
        requested: fc.boolean(),
      }),
      {
        minLength: BLOCKS,
        maxLength: BLOCKS,
      },
    );
    await fc.assert(
      fc.asyncProperty(plans, arrivals, async (list, order) => {
        const tree = build(list);
        await withFolder(async (dataDir) => {
          let chain = await openChain(dataDir, { verifyPool, params });
          for (const { at, restart, header, requested } of order) {
            const { block } = tree[at + 1]!;
            if (header) chain.acceptHeaders([block.header]);
            await chain.acceptBlock(copyOf(block), { requested, source: `peer ${at % 5}` });
            if (restart > 0) continue;
            await chain.close();
            chain = await openChain(dataDir, { verifyPool, params });
          }
          // Whatever got lost with a restart, or never came, is asked for again in the end.
          for (const { block } of tree.slice(1))
            await chain.acceptBlock(copyOf(block), { requested: true, source: 'peer' });
          await chain.sync();
          await compare(chain, tree);
          await chain.close();
          chain = await openChain(dataDir, { verifyPool, params });
          await compare(chain, tree);
          await chain.close();
        });
      }),
      { numRuns: 25, includeErrorInReport: true },
    );
  });

  test('the same when nobody waits for a verdict, and with every change told as it was committed', async () => {
    const steps = fc.array(
      fc.record({
        ahead: fc.nat(4),
        raw: fc.boolean(),
        header: fc.boolean(),
        pauses: fc.nat(6),
        action: fc.nat(15),
      }),
      { minLength: BLOCKS, maxLength: BLOCKS },
    );
    await fc.assert(
      fc.asyncProperty(plans, steps, async (list, order) => {
        const tree = build(list);
        const byHash = new Map(tree.map((node) => [hashToHex(node.block.header.hash), node]));
        await withFolder(async (dataDir) => {
          // So small that one commit is under way while the next blocks are connected on top of it.
          const options = { verifyPool, params, commitBytes: 700 };
          let follower = new Follower(await openChain(dataDir, options), byHash);
          for (const [i, { ahead, raw, header, pauses, action }] of order.entries()) {
            const { block } = tree[Math.min(BLOCKS, i + 1 + ahead)]!;
            if (header) follower.chain.acceptHeaders([block.header]);
            follower.submit(block, raw);
            follower.pauses = pauses;
            if (action === 0) {
              await follower.close();
              follower = new Follower(await openChain(dataDir, options), byHash);
            } else if (action === 1) await follower.chain.sync();
            else if (action < 5) await setImmediate();
          }
          for (const { block } of tree.slice(1)) follower.submit(block, true);
          await follower.settled();
          // What came before its parents may have found no room.
          for (const { block } of tree.slice(1)) follower.submit(block, true);
          await follower.settled();
          await compare(follower.chain, tree);
          await follower.chain.sync();
          const known = knowledge(follower.chain);
          await follower.close();
          const chain = await openChain(dataDir, options);
          assert.deepEqual(knowledge(chain), known);
          await compare(chain, tree);
          await chain.close();
        });
      }),
      { numRuns: 12, includeErrorInReport: true },
    );
  });

  /** What is to be on disk of every block. */
  function knowledge(chain: Chain): Map<string, unknown> {
    const entries = [...chain.nodes()].map(
      ({ hash, hasBody, isInvalid, wasConnected, transactionCount, bodyBytes, undoBytes }) =>
        [hash, { hasBody, isInvalid, wasConnected, transactionCount, bodyBytes, undoBytes }] as const,
    );
    return new Map(entries);
  }

  /** The same bytes in an object of their own, as they would come from a peer. */
  function copyOf({ header, transactions }: Block): Block {
    return makeBlock(header, transactions);
  }

  async function compare(chain: Chain, tree: readonly Modelled[]): Promise<void> {
    const best = tree.reduce((height, node) => (node.isValid ? Math.max(height, node.height) : height), 0);
    assert.equal(chain.tip.height, best);
    const tip = tree.find(({ block }) => hashToHex(block.header.hash) === chain.tip.hash)!;
    assert.ok(tip.isValid);
    const coins = new Map<string, Coin>();
    const scanned = await chain.scanCoins(({ txHash, index }, coin) => {
      coins.set(outpointKey(txHash, index), coin);
    });
    assert.equal(scanned.tip, chain.tip);
    assert.deepEqual(new Map([...coins].map(plain)), new Map([...tip.coins].map(plain)));
    assert.deepEqual(await chain.recountCoins(), chain.coinSet);
    const active = new Map<string, string>();
    for (const { block, spent } of tree.slice(1)) {
      const node = chain.node(hashToHex(block.header.hash));
      if (!node || !chain.isActive(node)) continue;
      const undo = await chain.readSpentCoins(node);
      assert.deepEqual(undo?.map(plainCoin), spent.map(plainCoin));
      for (const { hash } of block.transactions) active.set(hashToHex(hash), node.hash);
    }
    // The same payment may be in blocks of several branches.
    for (const { hash } of tree.slice(1).flatMap(({ block }) => block.transactions)) {
      const found = await chain.findTransaction(hashToHex(hash));
      assert.equal(found?.node.hash, active.get(hashToHex(hash)));
    }
    await verifyChain(chain);
  }

  function plain([key, coin]: [string, Coin]): [string, unknown] {
    return [key, plainCoin(coin)];
  }

  function plainCoin(coin: Coin): unknown {
    return { ...coin, lockingScript: Buffer.from(coin.lockingScript).toString('hex') };
  }
});
