import { setTimeout as sleep } from 'node:timers/promises';
import { StratumClient, targetOfBits } from './stratumClient.ts';

/** A machine that mines by Stratum until it is stopped, a part of the time, and counts its hashes. */
export class StratumMiner {
  hashes = 0;
  /** Blocks that were taken as shares. */
  blocks = 0;
  refused = 0;
  readonly #client: StratumClient;
  readonly #user: string;
  readonly #restMs: number;
  readonly #running: Promise<void>;
  #isStopped = false;

  private constructor(client: StratumClient, user: string, restMs: number) {
    this.#client = client;
    this.#user = user;
    this.#restMs = restMs;
    this.#running = this.#run();
  }

  /** @param restMs after every few milliseconds of work */
  static async start(address: string, user: string, restMs: number): Promise<StratumMiner> {
    return new StratumMiner(await StratumClient.ready(address, user), user, restMs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    this.#client.close();
  }

  async #run(): Promise<void> {
    const client = this.#client;
    while (!this.#isStopped) {
      const { work } = client;
      const onTried = async (hashes: number) => {
        this.hashes += hashes;
        if (this.#restMs > 0) await sleep(this.#restMs);
      };
      const isWanted = () => client.work === work && !this.#isStopped;
      const found = await client.find(work, targetOfBits(work.bits), { isWanted, onTried });
      if (found === undefined) continue;
      const { result } = await client.submit(this.#user, work, found);
      if (result === true) this.blocks++;
      else this.refused++;
      // All that it could find on the same would be a brother.
      await client.until('new work', () => client.work !== work);
    }
  }
}
