/** A bucket of permissions that refills at a steady rate up to its burst. It may go into debt. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #credit: number
  #at: number

  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000
    this.#burst = burst
    this.#credit = burst
    this.#at = now
  }

  /** Takes `amount`, even if less is left. */
  spend(amount: number, now: number): void {
    this.#refill(now)
    this.#credit -= amount
  }

  /** The amount that is left; below zero it is debt. */
  left(now: number): number {
    this.#refill(now)
    return this.#credit
  }

  /** Returns whether at least half of the burst is left, so that a client that exceeded the rate no longer does. */
  isEasy(now: number): boolean {
    return this.left(now) * 2 >= this.#burst
  }

  #refill(now: number): void {
    if (now <= this.#at) return
    this.#credit = Math.min(this.#burst, this.#credit + (now - this.#at) * this.#perMs)
    this.#at = now
  }
}
