// Flags of the system tests, what they need of the machine, and the last line each part ends with.
import { parseArgs } from 'node:util';
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

export interface PartOptions {
  readonly full: boolean;
  readonly seed: number;
  readonly states: number | undefined;
  readonly stride: number;
  readonly only: readonly string[];
  readonly dist: string | undefined;
  readonly jobs: number;
}

export function readOptions(): PartOptions {
  const { values } = parseArgs({
    options: {
      full: { type: 'boolean' }, seed: { type: 'string' }, states: { type: 'string' }, stride: { type: 'string' }, only: { type: 'string', multiple: true }, dist: { type: 'string' }, jobs: { type: 'string' },
    },
  });
  return {
    full: values.full ?? false, seed: Number(values.seed ?? 1), states: values.states === undefined ? undefined : Number(values.states), only: values.only ?? [],
    stride: Number(values.stride ?? 1), dist: values.dist, jobs: Number(values.jobs ?? 2),
  };
}

/** Sentence for the skip message; undefined where everything is there. */
export function missing(commands: Readonly<Record<string, string>>, others: readonly (string | undefined)[] = []): string | undefined {
  const absent = Object.entries(commands).filter(([command]) => spawnSync('sh', ['-c', `command -v ${command}`]).status !== 0).map(([command, debian]) => `${command} (Debian: ${debian})`);
  const why = [...(process.getuid?.() === 0 ? [] : ['root']), ...absent, ...others.filter((other) => other !== undefined)];
  return why.length === 0 ? undefined : why.join(', ');
}

export const say = (line: string): void => { process.stdout.write(`${line}\n`); };

/** Counts what was checked; the last line and the exit code follow from it. */
export class Tally {
  passed = 0;
  readonly #failures: string[] = [];

  check(ok: boolean, what: string): void {
    if (ok) this.passed += 1;
    else this.fail(what);
  }

  pass(count = 1): void { this.passed += count; }

  fail(what: string): void {
    this.#failures.push(what);
    if (this.#failures.length <= 20) say(`FAILED ${what}`);
  }

  get failed(): number { return this.#failures.length; }

  end(): void {
    say(`${this.passed} passed, ${this.#failures.length} failed`);
    process.exitCode = this.#failures.length === 0 ? 0 : 1;
  }
}

export function skipPart(part: string, why: string): void {
  skip(part, `it needs ${why}`);
  say('0 passed, 0 failed');
}

/** What this machine cannot do is said, and said again at the end of the whole run where somebody collects it. */
export function skip(what: string, why: string): void {
  const line = `skipped ${what}: ${why}`;
  say(line);
  const list = process.env['HOLDLINE_SKIPPED'];
  if (list !== undefined) appendFileSync(list, `${line}\n`);
}

/** mulberry32: the same seed, the same choices. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs the work of a list on several benches side by side. */
export async function spread<Item, Worker>(items: readonly Item[], workers: readonly Worker[], work: (item: Item, worker: Worker) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(workers.map(async (worker) => {
    for (let item = items[next]; next < items.length; item = items[next]) {
      next += 1;
      if (item !== undefined) await work(item, worker);
    }
  }));
}
