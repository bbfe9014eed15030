// A publisher who sees no device: they report nothing. Now and then somebody behind one notices that it misbehaves and writes to them, after a
// while; at so many such letters they pause the rollout, at so many more they withdraw the version. That is the whole model.
import type { RolloutStatement } from '../../../src/domain/rollout.js';
import { changeRollout, type RolloutChange } from '../../../src/publish/change-rollout.js';
import type { Dice } from './dice.js';

const SCOPE = { repo: 'acme/app', channel: 'stable', component: null };

export interface PublisherPlan {
  readonly version: string;
  /** Seconds. */
  readonly releasedAt: number;
  readonly percent: number;
  readonly addPercent: number;
  readonly everyS: number;
  /** Of the devices that run it, so many have an owner who will write; 0 for a good release. */
  readonly noticed: number;
  /** Mean seconds until they do. */
  readonly noticedAfter: number;
  readonly pauseAt: number;
  readonly withdrawAt: number;
}

export class Publisher {
  /** Null: none yet. By serial, from 1. */
  readonly statements: RolloutStatement[] = [];
  readonly log: string[] = [];
  #letters: number[] = [];

  constructor(private readonly plan: PublisherPlan, private readonly dice: Dice) {}

  get latest(): RolloutStatement | null { return this.statements.at(-1) ?? null; }

  /** A device has begun to run the version. */
  installed(t: number): void {
    if (this.dice.next() < this.plan.noticed) this.#letters.push(t - Math.log(1 - this.dice.next()) * this.plan.noticedAfter);
  }

  /** Once a minute. */
  look(t: number): void {
    const { version, releasedAt, percent, addPercent, everyS, pauseAt, withdrawAt } = this.plan;
    if (t >= releasedAt && this.latest === null) this.#say(t, { kind: 'start', version, start: null, percent, addPercent, everyS, salt: 'fleet', groups: [], exclude: [], expires: null });
    const { latest } = this;
    if (latest === null || latest.withdrawn.length > 0) return;
    const letters = this.#letters.filter((at) => at <= t).length;
    if (letters >= withdrawAt) this.#say(t, { kind: 'withdraw', version: null, salt: '' });
    else if (letters >= pauseAt && !latest.paused) this.#say(t, { kind: 'pause' });
  }

  #say(t: number, change: RolloutChange): void {
    this.statements.push(changeRollout(this.latest, change, SCOPE, new Date(t * 1000)));
    this.log.push(`hour ${((t - this.plan.releasedAt) / 3600).toFixed(1)}: ${change.kind}`);
  }
}
