import assert from 'node:assert/strict';
import { mkdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeProcess, RpcFailure, until } from '../nodeProcess.ts';
import { type KillCount, type KillPlan, killUntil } from './killPlan.ts';

/** Coins of each of the two, and the blocks that make them spendable. */
const COINS = 30;
const MATURITY = 100;
const PAYMENTS_A_KILL = 6;
const MAX_DELAY_MS = 250;
/** About what a start takes. */
const START_MS = 900;
const KILLS_A_BLOCK = 6;

/**
 * Kills a node while payments arrive, its own by RPC and another's by gossip; and, every other time, while it starts and
 * takes its own payments into the mempool again. What was answered is never lost, and in a block in the end.
 */
export async function killWithPayments({ folder, kills, random }: KillPlan): Promise<KillCount> {
  const pair = await Pair.start(folder, random);
  try {
    const count = await killUntil(kills, async (n) => {
      const isWithin = n % 2 === 0 ? await pair.killWhilePaying() : await pair.killWhileStarting();
      await pair.revive();
      if (n % KILLS_A_BLOCK === KILLS_A_BLOCK - 1) await pair.confirm();
      return isWithin;
    });
    await pair.restartInOrder();
    await pair.finish();
    return count;
  } finally {
    await pair.end();
  }
}

class Pair {
  readonly #random: () => number;
  readonly #steady: NodeProcess;
  #victim: NodeProcess;
  readonly #addresses: { steady: string; victim: string };
  /** Payments of the victim, and of the other, that they answered for. */
  readonly #own = new Set<string>();
  readonly #others = new Set<string>();

  private constructor(
    random: () => number,
    nodes: { steady: NodeProcess; victim: NodeProcess },
    addresses: { steady: string; victim: string },
  ) {
    this.#random = random;
    this.#steady = nodes.steady;
    this.#victim = nodes.victim;
    this.#addresses = addresses;
  }

  static async start(folder: string, random: () => number): Promise<Pair> {
    const start = (name: string, seeds: readonly string[]) => {
      mkdirSync(join(folder, name));
      return NodeProcess.start({ dataDir: join(folder, name), seeds });
    };
    const steady = await start('steady', []);
    const victim = await start('victim', [await steady.listenAddress()]);
    const addressOf = async (node: NodeProcess) =>
      (await node.rpc<{ address: string }>('walletaddress')).address;
    const addresses = { steady: await addressOf(steady), victim: await addressOf(victim) };
    await steady.rpc('generatetoaddress', COINS, addresses.victim);
    await steady.rpc('generatetoaddress', COINS + MATURITY, addresses.steady);
    const pair = new Pair(random, { steady, victim }, addresses);
    await pair.#sameTip();
    return pair;
  }

  /** @returns whether a payment was still to be answered at the moment of the kill */
  async killWhilePaying(): Promise<boolean> {
    const victim = this.#victim;
    // One at least that must not be lost.
    await this.#pay(victim, this.#addresses.steady, this.#own);
    let unanswered = PAYMENTS_A_KILL;
    const theirs = this.#pay(this.#steady, this.#addresses.victim, this.#others);
    const ours = Array.from({ length: PAYMENTS_A_KILL }, () =>
      this.#pay(victim, this.#addresses.steady, this.#own).finally(() => unanswered--),
    );
    await sleep(this.#random() * MAX_DELAY_MS);
    const isWithin = unanswered > 0;
    await victim.kill();
    await Promise.all([theirs, ...ours]);
    return isWithin;
  }

  /** @returns whether it did not serve anyone yet at the moment of the kill */
  async killWhileStarting(): Promise<boolean> {
    await this.#victim.kill();
    this.#victim = this.#victim.relaunch();
    await sleep(this.#random() * START_MS);
    const isServing = await this.#victim.height().then(
      () => true,
      () => false,
    );
    await this.#victim.kill();
    return !isServing;
  }

  /** Starts the victim again, which still knows what it answered for. */
  async revive(): Promise<void> {
    this.#victim = await this.#victim.restart();
    for (const txid of this.#own) await this.#victim.rpc('getrawtransaction', txid);
  }

  /**
   * After an orderly end all that waits is there again, other people's payments too, with its times; with a file that was cut
   * meanwhile the node starts all the same, and says so.
   */
  async restartInOrder(): Promise<void> {
    type Waiting = Record<string, { time: number }>;
    const before = await this.#victim.rpc<Waiting>('getrawmempool', true);
    const timesOf = (waiting: Waiting) =>
      Object.fromEntries(Object.keys(before).map((txid) => [txid, waiting[txid]?.time]));
    for (const isCut of [false, true]) {
      assert.equal(await this.#victim.stop(), 0);
      const file = join(this.#victim.dataDir, 'mempool.dat');
      if (isCut) truncateSync(file, Math.floor(this.#random() * statSync(file).size));
      this.#victim = await this.#victim.restart();
      await until('the mempool is loaded', async () => {
        const { loaded } = await this.#victim.rpc<{ loaded: boolean }>('getmempoolinfo');
        return loaded;
      });
      assert.equal(/mempool\.dat is not used: /.test(this.#victim.output), isCut);
      if (!isCut) assert.deepEqual(timesOf(await this.#victim.rpc('getrawmempool', true)), timesOf(before));
    }
  }

  /** A block with all that waits, which the victim gets too. */
  async confirm(): Promise<void> {
    await until('the payments of both at the other node', async () => {
      const known = await this.#steady.rpc<string[]>('getrawmempool');
      const missing = await this.#unconfirmed(this.#own);
      return missing.every((txid) => known.includes(txid));
    });
    await this.#steady.rpc('generatetoaddress', 1, this.#addresses.steady);
    await this.#sameTip();
  }

  /** Everything is in a block, and both have the same coins. */
  async finish(): Promise<void> {
    await this.confirm();
    assert.deepEqual(await this.#unconfirmed([...this.#own, ...this.#others]), []);
    const [left, right] = await Promise.all(
      [this.#steady, this.#victim].map((node) => node.rpc('gettxoutsetinfo')),
    );
    assert.deepEqual(right, left);
    assert.ok(this.#own.size > 0 && this.#others.size > 0, 'nobody paid');
    assert.equal(await this.#victim.stop(), 0);
  }

  async end(): Promise<void> {
    await Promise.all([this.#steady.kill(), this.#victim.kill()]);
  }

  async #pay(from: NodeProcess, to: string, answered: Set<string>): Promise<void> {
    try {
      answered.add((await from.rpc<{ txid: string }>('walletsend', to, '0.01')).txid);
    } catch (error) {
      // Killed; or too much waits for the next block.
      if (error instanceof RpcFailure && !/insufficient|too-long|too many/i.test(error.message)) throw error;
    }
  }

  /** Those of the payments that the steady node has in no block. */
  async #unconfirmed(txids: Iterable<string>): Promise<string[]> {
    const missing: string[] = [];
    for (const txid of txids) {
      const found = await this.#steady
        .rpc<{ confirmations?: number }>('getrawtransaction', txid, true)
        .catch(() => undefined);
      if ((found?.confirmations ?? 0) === 0) missing.push(txid);
    }
    return missing;
  }

  async #sameTip(): Promise<void> {
    await until('one tip', async () => {
      const tips = await Promise.all(
        [this.#steady, this.#victim].map((node) => node.rpc('getbestblockhash')),
      );
      return tips[0] === tips[1];
    });
  }
}
