// A fleet over days: every device decides by the real functions (judgeRollout, isWithdrawn, mayAskMore, nextStretch, nextCheckDelay); what is
// modelled is time, the shared quota of each address, and a publisher. No device has a token; each check is one list of releases, as the
// source asks for it (a 304 counts without a token).
import { isFresh, isWithdrawn, judgeRollout } from '../../../src/decide/judge-rollout.js';
import { mayAskMore, nextStretch } from '../../../src/decide/spare-quota.js';
import type { RolloutStatement } from '../../../src/domain/rollout.js';
import { percentAt } from '../../../src/domain/rollout-share.js';
import type { Waiting } from '../../../src/domain/state.js';
import { nextCheckDelay } from '../../../src/main/daemon/next-check.js';
import { Dice } from './dice.js';
import { Publisher, type PublisherPlan } from './publisher.js';
import { SharedQuota } from './shared-quota.js';

export interface FleetPlan {
  readonly devices: number;
  readonly perAddress: number;
  readonly days: number;
  readonly seed: number;
  /** Seconds: check_interval and rollout.max_age. */
  readonly interval: number;
  readonly maxAge: number;
  /** Requests of the counted API that one update costs beside list and statement: 0 where downloads are public, 4 through the API. */
  readonly requestsPerUpdate: number;
  /** False: without spread, spared requests and stretched pace, for a comparison. */
  readonly courteous: boolean;
  /** All switched on within so many seconds. */
  readonly switchedOn: number;
  readonly publisher: PublisherPlan;
}

export interface FleetHour { readonly hour: number; /** Percent. */ readonly asked: number; readonly running: number; readonly ever: number }

export interface FleetReport {
  readonly curve: readonly FleetHour[];
  readonly publisher: readonly string[];
  readonly addresses: { readonly count: number; readonly mean: number; readonly most: number; readonly refused: number; readonly served: number; readonly badHours: number; readonly hours: number };
  /** Mean of the stretched intervals at the end. */
  readonly stretch: number;
}

const START_S = Date.parse('2026-11-01T00:00:00Z') / 1000;
const MINUTE_S = 60;
const [OLD, NEW] = [0, 1];

export function simulateFleet(plan: FleetPlan): FleetReport {
  return new Fleet(plan).run();
}

class Fleet {
  readonly #dice: Dice;
  readonly #publisher: Publisher;
  readonly #addresses: SharedQuota[];
  readonly #runs: Uint8Array;
  readonly #blocked: Uint8Array;
  readonly #ever: Uint8Array;
  readonly #turn: Uint8Array;
  readonly #stretch: Float64Array;
  /** When the statement was asked for last, and which one it was (0: none). */
  readonly #askedAt: Float64Array;
  readonly #serial: Uint16Array;
  readonly #ids: string[];
  #running = 0;
  #everRan = 0;

  constructor(private readonly plan: FleetPlan) {
    const { devices, perAddress, seed, publisher } = plan;
    this.#dice = new Dice(seed);
    this.#publisher = new Publisher({ ...publisher, releasedAt: START_S + publisher.releasedAt }, new Dice(seed + 1));
    this.#addresses = Array.from({ length: Math.ceil(devices / perAddress) }, () => new SharedQuota());
    [this.#runs, this.#blocked, this.#ever, this.#turn] = [new Uint8Array(devices), new Uint8Array(devices), new Uint8Array(devices), new Uint8Array(devices)];
    [this.#stretch, this.#askedAt, this.#serial] = [new Float64Array(devices).fill(1), new Float64Array(devices).fill(Number.NEGATIVE_INFINITY), new Uint16Array(devices)];
    this.#ids = Array.from({ length: devices }, (_, device) => `device ${seed} ${device}`);
  }

  run(): FleetReport {
    const { devices, days, switchedOn } = this.plan;
    const minutes = days * 24 * 60;
    const due: number[][] = Array.from({ length: minutes + 1 }, () => []);
    const dueAt = new Float64Array(devices);
    const enter = (device: number, at: number): void => {
      const minute = Math.floor((at - START_S) / MINUTE_S);
      dueAt[device] = at;
      if (minute < minutes) due[minute]?.push(device);
    };
    for (let device = 0; device < devices; device += 1) enter(device, START_S + this.#dice.next() * switchedOn + this.#delay(device, START_S, null));
    const curve: FleetHour[] = [];
    for (let minute = 0; minute < minutes; minute += 1) {
      const began = START_S + minute * MINUTE_S;
      this.#publisher.look(began);
      if (minute % 60 === 0) curve.push(this.#hour(minute / 60, began));
      const now = due[minute] ?? [];
      now.sort((a, b) => (dueAt[a] ?? 0) - (dueAt[b] ?? 0));
      for (const device of now) {
        const time = dueAt[device] ?? 0;
        const waiting = this.#check(device, time);
        // Never within its own minute, which is sorted already.
        enter(device, Math.max(began + MINUTE_S, time + this.#delay(device, time, waiting)));
      }
      due[minute] = [];
    }
    curve.push(this.#hour(minutes / 60, START_S + minutes * MINUTE_S));
    return this.#report(curve);
  }

  /** One turn of a device, as the daemon and the engine take it. */
  #check(device: number, t: number): Waiting | null {
    const quota = this.#quota(device);
    const now = new Date(t * 1000);
    if (!quota.take(t)) return this.#refused(quota);
    const release = t >= START_S + this.plan.publisher.releasedAt && this.#runs[device] === OLD && this.#blocked[device] === 0;
    const waiting = release ? this.#consider(device, t, now) : this.#lookBack(device, t, now);
    if (this.plan.courteous) this.#stretch[device] = nextStretch(this.#stretch[device] ?? 1, quota.shown(), now);
    return waiting;
  }

  #consider(device: number, t: number, now: Date): Waiting | null {
    const quota = this.#quota(device);
    const { courteous } = this.plan;
    const maySpare = (purpose: 'news' | 'update'): boolean => !courteous || mayAskMore({ limit: quota.shown(), purpose, deviceId: this.#ids[device] ?? '', now });
    const knowsNothing = this.#askedAt[device] === Number.NEGATIVE_INFINITY;
    if (knowsNothing && !maySpare('update')) return null;
    if (!this.#isYoung(device, now) && (knowsNothing || maySpare('news')) && !this.#ask(device, t)) return this.#refused(quota);
    let ruling = this.#judge(device, now);
    if (ruling.verdict === 'pass' && this.#askedAt[device] !== t) {
      if (!maySpare('update')) return null;
      if (!this.#ask(device, t)) return this.#refused(quota);
      ruling = this.#judge(device, now);
    }
    if (ruling.verdict === 'wait') return ruling.waiting;
    if (ruling.verdict === 'refuse') return null;
    for (let request = 0; request < this.plan.requestsPerUpdate; request += 1) if (!quota.take(t)) return this.#refused(quota);
    this.#runs[device] = NEW;
    this.#running += 1;
    if (this.#ever[device] === 0) { this.#ever[device] = 1; this.#everRan += 1; }
    this.#publisher.installed(t);
    return null;
  }

  /** Nothing newer: was what runs withdrawn? */
  #lookBack(device: number, t: number, now: Date): Waiting | null {
    const purpose = this.#runs[device] === NEW && this.#known(device) !== null ? 'update' : 'news';
    if (!this.#isYoung(device, now) && mayAskMore({ limit: this.#quota(device).shown(), purpose, deviceId: this.#ids[device] ?? '', now })) this.#ask(device, t);
    if (this.#runs[device] === NEW && isWithdrawn(this.#known(device), this.plan.publisher.version, now)) {
      this.#runs[device] = OLD;
      this.#blocked[device] = 1;
      this.#running -= 1;
    }
    return null;
  }

  #ask(device: number, t: number): boolean {
    const quota = this.#quota(device);
    if (!quota.take(t)) return false;
    const serial = this.#publisher.statements.length;
    // The signature of a statement that is new.
    if (serial !== this.#serial[device] && !quota.take(t)) return false;
    this.#serial[device] = serial;
    this.#askedAt[device] = t;
    return true;
  }

  #judge(device: number, now: Date): ReturnType<typeof judgeRollout> {
    return judgeRollout({ statement: this.#known(device), problem: null, version: this.plan.publisher.version, device: { id: this.#ids[device] ?? '', group: null }, now, byPerson: false });
  }

  #known(device: number): RolloutStatement | null { return this.#publisher.statements[(this.#serial[device] ?? 0) - 1] ?? null; }

  #isYoung(device: number, now: Date): boolean { return isFresh((this.#askedAt[device] ?? 0) * 1000, this.plan.maxAge * 1000, now); }

  #quota(device: number): SharedQuota { return this.#addresses[Math.floor(device / this.plan.perAddress)] ?? new SharedQuota(); }

  #refused(quota: SharedQuota): Waiting { return { reason: 'rate-limit', detail: '', until: quota.resetsAt }; }

  #delay(device: number, t: number, waiting: Waiting | null): number {
    const { interval, courteous } = this.plan;
    const turn = this.#turn[device] ?? 0;
    if (turn < 2) this.#turn[device] = turn + 1;
    return nextCheckDelay({ interval, first: turn === 0, second: courteous && turn === 1, stretch: this.#stretch[device] ?? 1, waiting, now: new Date(t * 1000), random: this.#dice.next() });
  }

  #hour(hour: number, t: number): FleetHour {
    const { latest } = this.#publisher;
    const share = (count: number): number => (count / this.plan.devices) * 100;
    const asked = latest === null || latest.withdrawn.length > 0 ? 0 : latest.paused ? latest.percent : percentAt(latest, new Date(t * 1000));
    return { hour, asked, running: share(this.#running), ever: share(this.#everRan) };
  }

  #report(curve: readonly FleetHour[]): FleetReport {
    const sum = (of: (quota: SharedQuota) => number): number => this.#addresses.reduce((all, quota) => all + of(quota), 0);
    const hours = sum((quota) => quota.hours);
    return {
      curve, publisher: this.#publisher.log, stretch: this.#stretch.reduce((all, one) => all + one, 0) / this.plan.devices,
      addresses: { count: this.#addresses.length, mean: sum((q) => q.served) / hours, most: Math.max(...this.#addresses.map((q) => q.most)), refused: sum((q) => q.refused), served: sum((q) => q.served), badHours: sum((q) => q.badHours), hours },
    };
  }
}
