import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import fc from 'fast-check';
import { hashToHex } from '../../src/bytes/hex.ts';
import { payToPublicKey } from '../../src/consensus/lockingScript.ts';
import { type Block, makeBlock } from '../../src/primitives/block.ts';
import { makeHeader } from '../../src/primitives/header.ts';
import {
  isCoinbase,
  makeTransaction,
  type Outpoint,
  type Transaction,
} from '../../src/primitives/transaction.ts';
import { Ledger } from '../../src/wallet/ledger.ts';
import type { FindKey } from '../../src/wallet/walletCoin.ts';
import { withFolder } from '../support/chains.ts';

const OURS = payToPublicKey(Uint8Array.of(2, ...new Uint8Array(32).fill(7)));
const THEIRS = payToPublicKey(Uint8Array.of(3, ...new Uint8Array(32).fill(9)));
const findKey: FindKey = (script) =>
  Buffer.compare(script, OURS) === 0 ? { chain: 'receive', index: 0 } : undefined;

/**
 * What a random step does: blocks undone, then blocks made, each with payments that spend the n-th of all coins, and with
 * undone ones where their coins are still there.
 */
type Step = {
  undo: number;
  blocks: { spends: { coin: number; isOurs: boolean }[]; isAgain: boolean }[];
  isReopened: boolean;
};

const steps = fc.array(
  fc.record({
    undo: fc.nat(3),
    blocks: fc.array(
      fc.record({
        spends: fc.array(fc.record({ coin: fc.nat(1000), isOurs: fc.boolean() }), { maxLength: 4 }),
        isAgain: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    isReopened: fc.boolean(),
  }),
  { maxLength: 8 },
);

let unique = 0;

/** A block on top of these, whose payments spend coins of the branch, also ones made in the same block. */
function nextBlock(
  branch: readonly Block[],
  spends: Step['blocks'][number]['spends'],
  again: readonly Transaction[],
): Block {
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
  for (const transaction of again) {
    if (isCoinbase(transaction) || !unspent.has(keyOf(transaction.inputs[0]!.outpoint))) continue;
    note(transaction);
    transactions.push(transaction);
  }
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

/**
 * Of what was undone nothing is lost: it is pending where its coin is ours, or dropped, and then it is known which block of
 * the branch spends its coin otherwise.
 */
function checkUndone(
  ledger: Ledger,
  branch: readonly Block[],
  undone: ReadonlyMap<string, Transaction>,
): void {
  const spenders = new Map<string, { txid: string; height: number }>();
  branch.forEach(({ transactions }, i) => {
    for (const { hash, inputs } of transactions.filter((one) => !isCoinbase(one)))
      for (const { outpoint } of inputs)
        spenders.set(keyOf(outpoint), { txid: hashToHex(hash), height: i + 1 });
  });
  /** Of the block that contradicts it, or what it builds on. */
  const conflictOf = ({ hash, inputs: [input] }: Transaction): number | undefined => {
    const spender = spenders.get(keyOf(input!.outpoint));
    if (spender !== undefined) return spender.txid === hashToHex(hash) ? undefined : spender.height;
    const parent = undone.get(hashToHex(input!.outpoint.txHash));
    return parent && conflictOf(parent);
  };
  const expected = new Set<string>();
  for (const [txid, transaction] of undone) {
    const spender = spenders.get(keyOf(transaction.inputs[0]!.outpoint));
    if (spender?.txid === txid) continue;
    expected.add(txid);
    const dropped = ledger.dropped().get(txid);
    assert.equal(
      dropped === undefined,
      ledger.ownPending().has(txid),
      `${txid} is either pending or dropped`,
    );
    if (dropped === undefined) assert.equal(spender, undefined);
    else if (spender !== undefined) assert.equal(dropped.conflictHeight, spender.height);
    // What builds on a contradicted one shares its fate, where both were dropped.
    else assert.ok([undefined, conflictOf(transaction)].includes(dropped.conflictHeight));
    assert.ok(spender === undefined || dropped?.replacedBy !== undefined);
  }
  assert.deepEqual(new Set([...ledger.dropped().keys(), ...ledger.ownPending().keys()]), expected);
}

it('after any reorganizations and restarts a ledger is what the active chain alone would make', async () => {
  await withFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const run = join(folder, String(unique++));
        const path = join(run, 'followed');
        const branch: Block[] = [];
        const undone = new Map<string, Transaction>();
        let ledger = await Ledger.open(path, 'xpub');
        for (const { undo, blocks, isReopened } of all) {
          for (let i = 0; i < undo && branch.length > 1; i++) {
            const left = new Map(branch.at(-1)!.transactions.map((one) => [hashToHex(one.hash), one]));
            for (const { txid } of await ledger.disconnect(branch.at(-1)!, branch.length))
              undone.set(txid, left.get(txid)!);
            branch.pop();
          }
          for (const { spends, isAgain } of blocks) {
            branch.push(nextBlock(branch, spends, isAgain ? [...undone.values()] : []));
            ledger.connect(branch.at(-1)!, branch.length, findKey);
          }
          if (isReopened) {
            await ledger.close();
            ledger = await Ledger.open(path, 'xpub');
          }
          checkUndone(ledger, branch, undone);
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
