// GitHub's quota of one address, as all devices behind it share it: 60 requests in an hour that begins with the first one.
import type { RateLimit } from '../../../src/domain/release.js';

const HOUR_S = 3600;
export const ANONYMOUS_LIMIT = 60;

export class SharedQuota {
  #used = 0;
  #resetsAt = 0;
  #resetsAtText = '';
  #hourBegan = 0;
  #hour = 0;
  #wanted = 0;
  served = 0;
  refused = 0;
  /** Hours in which somebody was refused. */
  badHours = 0;
  hours = 0;
  /** The most that was wanted in any hour, refused ones included. */
  most = 0;

  /** @param t seconds. @returns false: refused */
  take(t: number): boolean {
    if (t >= this.#resetsAt) this.#begin(t);
    this.#wanted += 1;
    if (this.#wanted > this.most) this.most = this.#wanted;
    if (this.#used >= ANONYMOUS_LIMIT) {
      this.refused += 1;
      if (this.#hour !== this.#hourBegan) { this.badHours += 1; this.#hour = this.#hourBegan; }
      return false;
    }
    this.#used += 1;
    this.served += 1;
    return true;
  }

  #begin(t: number): void {
    this.#used = 0;
    this.#wanted = 0;
    this.#resetsAt = t + HOUR_S;
    this.#resetsAtText = new Date(this.#resetsAt * 1000).toISOString();
    this.#hourBegan = t;
    this.hours += 1;
  }

  get resetsAt(): string { return this.#resetsAtText; }

  /** As the answer's headers show it. */
  shown(): RateLimit { return { limit: ANONYMOUS_LIMIT, remaining: ANONYMOUS_LIMIT - this.#used, resetsAt: this.#resetsAtText }; }
}
