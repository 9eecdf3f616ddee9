import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { concatBytes } from '../../../src/bytes/bytes.ts';
import { bytesToHex, hashToHex, hexToBytes } from '../../../src/bytes/hex.ts';
import { regtest } from '../../../src/params/regtest.ts';
import type { Block } from '../../../src/primitives/block.ts';
import { encodeCoin } from '../../../src/store/coinCodec.ts';
import { CoinSetHash } from '../../../src/store/coinSetHash.ts';
import { coinKey } from '../../../src/store/layout.ts';
import { after, chainOfBlocks, outpoint, solvedBlock } from '../blocks.ts';
import { dataTransactions, RESERVED } from '../dataBlocks.ts';
import { NodeProcess } from '../nodeProcess.ts';
import { coinsAt } from './coinsAt.ts';
import { type KillCount, type KillPlan, killUntil } from './killPlan.ts';
import { undisturbed } from './undisturbed.ts';

const TRUNK = 130;
/** Two branches of 18 MB each: more than one change may hold, so that a commit falls in the middle of the way. */
const BRANCH = 20;
const TRANSACTIONS = 10;
const TRANSACTION_BYTES = 90_000;

/** Kills a node in the middle of reorganizations of twenty large blocks, from one branch to the other and back. */
export async function killReorganizations({ folder, kills, random }: KillPlan): Promise<KillCount> {
  const rivals = await Rivals.make(folder);
  let lastMs = 0;
  let node = await NodeProcess.start({ dataDir: rivals.dataDir });
  try {
    const count = await killUntil(kills, async () => {
      await coinsAt(node, rivals.coinSets);
      const trigger = await rivals.almostOvertake(node);
      const startedMs = performance.now();
      let isAnswered = false;
      const answer = submit(node, trigger).then(
        () => {
          isAnswered = true;
          lastMs = performance.now() - startedMs;
        },
        () => undefined,
      );
      // The first one runs through, and tells how long that takes; later ones that do are nearer to the truth.
      if (lastMs === 0) await answer;
      else await sleep(random() * lastMs);
      const isWithin = !isAnswered;
      await node.kill();
      await answer;
      node = await node.restart();
      return isWithin;
    });
    const blocks = rivals.all();
    const expected = await undisturbed(join(folder, 'undisturbed'), blocks);
    for (const block of blocks) await submit(node, block);
    assert.equal(await node.rpc('getbestblockhash'), expected.tip);
    assert.ok((await coinsAt(node, new Map([[expected.tip, expected.coinSetHash]]))) > TRUNK);
    assert.equal(await node.stop(), 0);
    return count;
  } finally {
    await node.kill();
  }
}

/** Two branches from one trunk on; each grows by small blocks whenever it is to overtake the other. */
class Rivals {
  readonly dataDir: string;
  readonly #trunk: readonly Block[];
  readonly #branches: readonly [Block[], Block[]];
  /** Of every tip that there can be. */
  readonly coinSets: Map<string, string>;

  private constructor(
    dataDir: string,
    trunk: readonly Block[],
    branches: readonly [Block[], Block[]],
    coinSets: Map<string, string>,
  ) {
    this.dataDir = dataDir;
    this.#trunk = trunk;
    this.#branches = branches;
    this.coinSets = coinSets;
  }

  /** With the first branch active in `dataDir`, and the blocks of the other there. */
  static async make(folder: string): Promise<Rivals> {
    const trunk = chainOfBlocks(regtest.genesis, 0, TRUNK, RESERVED);
    const [first, second] = [makeBranch(trunk, 1), makeBranch(trunk, 2)];
    const dataDir = join(folder, 'data');
    const { coinSets } = await undisturbed(dataDir, [...trunk, ...first, ...second]);
    const rivals = new Rivals(dataDir, trunk, [first, second], new Map(coinSets));
    second.push(blockAfter(second.at(-1)!, TRUNK + BRANCH + 1, 2));
    const overtaken = await undisturbed(join(folder, 'overtaken'), [...trunk, ...second]);
    rivals.coinSets.set(overtaken.tip, overtaken.coinSetHash);
    return rivals;
  }

  /** The trunk, the first branch, the second: in this order of arrival too, the longer one wins. */
  all(): Block[] {
    return [...this.#trunk, ...this.#branches[0], ...this.#branches[1]];
  }

  /** Brings the branch that lost to as much work as the other has. @returns the block that decides */
  async almostOvertake(node: NodeProcess): Promise<Block> {
    const tip = await node.rpc<string>('getbestblockhash');
    const positions = this.#branches.map((branch) =>
      branch.findIndex(({ header }) => hashToHex(header.hash) === tip),
    );
    const ahead = positions.findIndex((position) => position >= 0);
    assert.ok(ahead >= 0, `the tip ${tip} is on neither branch`);
    const length = positions[ahead]! + 1;
    const branch = this.#branches[1 - ahead]!;
    while (branch.length <= length) this.#extend(branch, 2 - ahead);
    for (const block of branch.slice(BRANCH, length)) await submit(node, block);
    return branch[length]!;
  }

  #extend(branch: Block[], tag: number): void {
    const parent = branch.at(-1)!;
    const block = blockAfter(parent, TRUNK + branch.length + 1, tag);
    const before = this.coinSets.get(hashToHex(parent.header.hash))!;
    const sum = CoinSetHash.fromBytes(hexToBytes(before));
    const [coinbase] = block.transactions;
    const coin = { amount: 1n, lockingScript: RESERVED, height: TRUNK + branch.length + 1, isCoinbase: true };
    sum.add(concatBytes(coinKey(outpoint(coinbase!)), encodeCoin(coin)));
    this.coinSets.set(hashToHex(block.header.hash), bytesToHex(sum.toBytes()));
    branch.push(block);
  }
}

async function submit(node: NodeProcess, block: Block): Promise<void> {
  await node.rpc('submitblock', bytesToHex(block.bytes));
}

function makeBranch(trunk: readonly Block[], tag: number): Block[] {
  const branch: Block[] = [];
  for (let n = 0; n < BRANCH; n++) {
    const source = outpoint(trunk[n]!.transactions[0]!);
    const sizes = new Array<number>(TRANSACTIONS).fill(TRANSACTION_BYTES - tag * 100);
    branch.push(
      blockAfter(branch.at(-1) ?? trunk.at(-1)!, TRUNK + n + 1, tag, dataTransactions(source, sizes)),
    );
  }
  return branch;
}

function blockAfter(
  parent: Block,
  height: number,
  tag: number,
  transactions: Block['transactions'] = [],
): Block {
  const extra = Uint8Array.of(tag, tag);
  return solvedBlock({
    parent: after(parent),
    height,
    lockingScript: RESERVED,
    amount: 1n,
    extra,
    transactions,
  });
}
