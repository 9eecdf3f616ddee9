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
  /** Payments of the victim, and of the other, that they answered for: txids by amount, which is another for each. */
  readonly #own = new Map<string, string>();
  readonly #others = new Map<string, string>();
  /** All that were tried, answered for or not. */
  #tried = 0;
  #bumped = 0;
  /** Payments that were to be replaced when the kill came: there is the old one or the new one. */
  readonly #unanswered = new Set<string>();

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
    const theirs = this.#pay(this.#steady, this.#addresses.victim, this.#others);
    // The last one has no other on top of it: it can be replaced.
    const [amount, txid] = [...this.#own].at(-1)!;
    let unanswered = PAYMENTS_A_KILL + 1;
    const ours = [
      this.#bump(amount, txid),
      ...Array.from({ length: PAYMENTS_A_KILL }, () => this.#pay(victim, this.#addresses.steady, this.#own)),
    ].map((one) => one.finally(() => unanswered--));
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

  /** Starts the victim again, which still knows what it answered for: each payment once, as it was or with a higher fee. */
  async revive(): Promise<void> {
    this.#victim = await this.#victim.restart();
    const kept = await paidIn(this.#victim, 'send');
    for (const amount of this.#own.keys()) {
      const txids = kept.get(amount);
      assert.equal(txids?.length, 1, `${amount} is paid by ${txids}`);
      if (!this.#unanswered.has(amount)) assert.equal(txids![0], this.#own.get(amount));
      this.#own.set(amount, txids![0]!);
      await this.#victim.rpc('getrawtransaction', txids![0]);
    }
    this.#unanswered.clear();
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
      const missing = await this.#unconfirmed(this.#own.values());
      return missing.every((txid) => known.includes(txid));
    });
    await this.#steady.rpc('generatetoaddress', 1, this.#addresses.steady);
    await this.#sameTip();
  }

  /** Everything is in a block, and both have the same coins. */
  async finish(): Promise<void> {
    await this.confirm();
    // A few kills that come early leave no time for it: then once without one.
    if (this.#bumped === 0) {
      await this.#pay(this.#victim, this.#addresses.steady, this.#own);
      const [amount, txid] = [...this.#own].at(-1)!;
      await this.#bump(amount, txid);
      await this.confirm();
    }
    assert.ok(this.#bumped > 0, 'nothing was ever replaced');
    assert.deepEqual(await this.#unconfirmed([...this.#own.values(), ...this.#others.values()]), []);
    for (const txids of (await paidIn(this.#steady, 'receive')).values()) assert.equal(txids.length, 1);
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

  async #pay(from: NodeProcess, to: string, answered: Map<string, string>): Promise<void> {
    const amount = (0.01 + 1e-8 * this.#tried++).toFixed(8);
    try {
      answered.set(amount, (await from.rpc<{ txid: string }>('walletsend', to, amount)).txid);
    } catch (error) {
      // Killed; or too much waits for the next block.
      if (error instanceof RpcFailure && !/insufficient|too-long|too many/i.test(error.message)) throw error;
    }
  }

  /** Replaces a payment of the victim by one with a higher fee. */
  async #bump(amount: string, old: string): Promise<void> {
    this.#unanswered.add(amount);
    try {
      const { txid } = await this.#victim.rpc<{ txid: string }>('bumpfee', old);
      this.#unanswered.delete(amount);
      this.#own.set(amount, txid);
      this.#bumped++;
    } catch (error) {
      // Killed; or a payment that was quicker spends its change.
      if (error instanceof RpcFailure && !/descendants|spends the change/.test(error.message)) throw error;
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

/** The txids of a wallet's payments in one direction, by their amounts in coins. */
async function paidIn(node: NodeProcess, category: 'send' | 'receive'): Promise<Map<string, string[]>> {
  type Line = { category: string; amount: number; txid: string; replaced_by_txid?: string };
  const paid = new Map<string, string[]>();
  for (const line of await node.rpc<Line[]>('listtransactions', '*', 100_000)) {
    // One whose place another has taken is listed, as Bitcoin Core does, and not counted.
    if (line.category !== category || line.replaced_by_txid !== undefined) continue;
    const amount = Math.abs(line.amount).toFixed(8);
    paid.set(amount, [...(paid.get(amount) ?? []), line.txid]);
  }
  return paid;
}
