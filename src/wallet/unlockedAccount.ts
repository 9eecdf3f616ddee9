import type { HDKey } from '@scure/bip32';

/** Bitcoin Core's: about three years. */
export const MAX_UNLOCK_SEC = 100_000_000;
/** Node's timers hold 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The account's private key for as long as its owner wants payments to need no passphrase. Memory only; wiped at the end. */
export class UnlockedAccount {
  #account: HDKey | undefined;
  #untilMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Takes the account over, and wipes one that was held before. */
  hold(account: HDKey, seconds: number): void {
    this.wipe();
    this.#account = account;
    this.#untilMs = Date.now() + Math.min(seconds, MAX_UNLOCK_SEC) * 1000;
    this.#wait();
  }

  /** undefined when locked. */
  get account(): HDKey | undefined {
    // A machine that slept wakes up with late timers.
    if (this.#account !== undefined && Date.now() >= this.#untilMs) this.wipe();
    return this.#account;
  }

  /** Unix time at which it is wiped; 0 when locked. */
  get untilSec(): number {
    return this.account === undefined ? 0 : Math.floor(this.#untilMs / 1000);
  }

  wipe(): void {
    clearTimeout(this.#timer);
    this.#account?.wipePrivateData();
    this.#account = undefined;
  }

  #wait(): void {
    const leftMs = this.#untilMs - Date.now();
    if (leftMs <= 0) {
      this.wipe();
      return;
    }
    this.#timer = setTimeout(() => this.#wait(), Math.min(leftMs, MAX_TIMER_MS));
    this.#timer.unref();
  }
}
