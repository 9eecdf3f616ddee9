/**
 * Lets `burst` through at once and `perSec` in the long run.
 * What may go below zero (`charge`) is paid back before `take` succeeds again.
 */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSec: number;
  #tokens: number;
  #atMs: number;

  constructor(limits: { burst: number; perSec: number }, nowMs: number) {
    this.#burst = limits.burst;
    this.#perSec = limits.perSec;
    this.#tokens = limits.burst;
    this.#atMs = nowMs;
  }

  /** Takes so many if they are there. */
  take(nowMs: number, tokens = 1): boolean {
    this.#refill(nowMs);
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }

  /** Takes what was used already, into debt if need be. */
  charge(nowMs: number, tokens: number): void {
    this.#refill(nowMs);
    this.#tokens -= tokens;
  }

  /** Whether all debts are paid. */
  isOpen(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens > 0;
  }

  #refill(nowMs: number): void {
    // A clock set back must not take tokens away.
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs * this.#perSec) / 1000);
    this.#atMs = nowMs;
  }
}
