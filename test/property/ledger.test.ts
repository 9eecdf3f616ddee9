import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { payToPublicKey } from '../../src/consensus/lockingScript.ts';
import { type Block, makeBlock } from '../../src/primitives/block.ts';
import { makeHeader } from '../../src/primitives/header.ts';
import { makeTransaction, type Outpoint, type Transaction } from '../../src/primitives/transaction.ts';
import { type FindKey, Ledger } from '../../src/wallet/ledger.ts';
import { withFolder } from '../support/chains.ts';

const OURS = payToPublicKey(Uint8Array.of(2, ...new Uint8Array(32).fill(7)));
const THEIRS = payToPublicKey(Uint8Array.of(3, ...new Uint8Array(32).fill(9)));
const findKey: FindKey = (script) =>
  Buffer.compare(script, OURS) === 0 ? { chain: 'receive', index: 0 } : undefined;

/** What a random step does: blocks undone, then blocks made, each with payments that spend the n-th of all coins. */
type Step = { undo: number; blocks: { spends: { coin: number; isOurs: boolean }[] }[]; isReopened: boolean };

const steps = fc.array(
  fc.record({
    undo: fc.nat(3),
    blocks: fc.array(
      fc.record({
        spends: fc.array(fc.record({ coin: fc.nat(1000), isOurs: fc.boolean() }), { maxLength: 4 }),
      }),
      { maxLength: 4 },
    ),
    isReopened: fc.boolean(),
  }),
  { maxLength: 8 },
);

let unique = 0;

/** A block on top of these, whose payments spend coins of the branch, also ones made in the same block. */
function nextBlock(branch: readonly Block[], spends: Step['blocks'][number]['spends']): Block {
  const spent = new Set<string>();
  const unspent = new Map<string, { outpoint: Outpoint; amount: bigint }>();
  const note = (transaction: Transaction) => {
    for (const { outpoint } of transaction.inputs) unspent.delete(keyOf(outpoint));
    transaction.outputs.forEach(({ amount }, index) => {
      const outpoint = { txHash: transaction.hash, index };
      if (!spent.has(keyOf(outpoint))) unspent.set(keyOf(outpoint), { outpoint, amount });
    });
  };
  for (const { transactions } of branch) for (const transaction of transactions) note(transaction);
  const transactions = [
    pay({ txHash: new Uint8Array(32), index: 0xffff_ffff }, 10n ** 12n + BigInt(unique++), true),
  ];
  note(transactions[0]!);
  for (const { coin, isOurs } of spends) {
    const choices = [...unspent.values()];
    const { outpoint, amount } = choices[coin % choices.length]!;
    const transaction = pay(outpoint, amount, isOurs);
    note(transaction);
    transactions.push(transaction);
  }
  const previousHash = branch.at(-1)?.header.hash ?? new Uint8Array(32);
  const fields = {
    version: 4,
    previousHash,
    merkleRoot: new Uint8Array(32),
    timeSec: 1,
    bits: 0x207fffff,
    nonce: 0,
  };
  return makeBlock(makeHeader({ ...fields, nonce: unique++ }), transactions);
}

function pay(outpoint: Outpoint, amount: bigint, isOurs: boolean): Transaction {
  return makeTransaction({
    version: 2,
    inputs: [{ outpoint, unlockingScript: Uint8Array.of(1, 2), sequence: 0 }],
    outputs: [
      { lockingScript: isOurs ? OURS : THEIRS, amount: amount / 3n },
      { lockingScript: isOurs ? THEIRS : OURS, amount: amount / 2n },
    ],
    lockTime: 0,
  });
}

function keyOf({ txHash, index }: Outpoint): string {
  return `${Buffer.from(txHash).toString('hex')}:${index}`;
}

async function stateOf(ledger: Ledger): Promise<unknown> {
  const coins = [...ledger.coins()].map(({ outpoint, amount, height, isCoinbase }) => [
    keyOf(outpoint),
    amount,
    height,
    isCoinbase,
  ]);
  coins.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  return { coins, tip: ledger.tip, history: await ledger.history(1000) };
}

it('after any reorganizations and restarts a ledger is what the active chain alone would make', async () => {
  await withFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const run = join(folder, String(unique++));
        const path = join(run, 'followed');
        const branch: Block[] = [];
        let ledger = await Ledger.open(path, 'xpub');
        for (const { undo, blocks, isReopened } of all) {
          for (let i = 0; i < undo && branch.length > 1; i++) {
            await ledger.disconnect(branch.at(-1)!, branch.length);
            branch.pop();
          }
          for (const { spends } of blocks) {
            branch.push(nextBlock(branch, spends));
            ledger.connect(branch.at(-1)!, branch.length, findKey);
          }
          if (!isReopened) continue;
          await ledger.close();
          ledger = await Ledger.open(path, 'xpub');
        }
        const fresh = await Ledger.open(join(run, 'fresh'), 'xpub');
        branch.forEach((block, i) => void fresh.connect(block, i + 1, findKey));
        assert.deepEqual(await stateOf(ledger), await stateOf(fresh));
        await ledger.close();
        await fresh.close();
        await rm(run, { recursive: true });
      }),
      { numRuns: 40, includeErrorInReport: true },
    );
  });
});
