// Runs one scenario again and again, killing it (or failing a call) one effect later each time, until it completes untouched;
// after each: recovery, again recovery, and the scenario's own independent check that the world is exactly OLD or NEW.
import { nodeSystemCalls } from '../../src/platform/node-system-calls.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { Crash, faultyCalls, type Fault } from './faulty-calls.js';

export interface Scenario<World> {
  /** A fresh world in the OLD state (a temp folder); never under a fault. */
  setUp(): World | Promise<World>;
  /** The program under test, from its start to its report. `report` tells the harness what a user would have been told. It may throw. */
  run(world: World, calls: SystemCalls, report: (outcome: string) => void): unknown;
  /** What happens at the next start: the rescue path, and settle where there is one. Idempotent. It may throw only Crash. */
  recover(world: World, calls: SystemCalls): unknown;
  /** Looks at the whole world by plain means, not with the code under test; throws when it is anything but exactly OLD or NEW. */
  check(world: World): 'old' | 'new' | Promise<'old' | 'new'>;
  tearDown(world: World): unknown;
}

export interface Trial {
  readonly fault: Fault | undefined;
  readonly reported: readonly string[];
  /** What the run threw, other than Crash. */
  readonly thrown: unknown;
  readonly verdict: 'old' | 'new';
}

export interface Options {
  readonly fault?: (at: number) => Fault;
  /** Outcomes after whose report only NEW is right. */
  readonly durable?: readonly string[];
  /** Outcomes after whose report only OLD is right. */
  readonly harmless?: readonly string[];
  /** Also kill recovery at each of its effects. Every `stride`-th death of the run is used, so that it stays quick. */
  readonly recoveryStride?: number;
  /** Only each n-th effect: for a way whose effects another one goes through one by one. */
  readonly every?: number;
  /** Looks at one trial more closely (error codes of an injected error). */
  readonly inspect?: (trial: Trial) => void;
}

/** A bound, so that a scenario that never ends is a failure and not a hang. */
const MAX_EFFECTS = 20_000;
const DIE: (at: number) => Fault = (at) => ({ kind: 'crash', at });

/** @returns one trial per effect, and a last one in which no fault fired. */
export async function forEveryEffect<World>(scenario: Scenario<World>, options: Options = {}): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (let at = 1; at <= MAX_EFFECTS; at += options.every ?? 1) {
    const { trial, fired } = await tryOnce(scenario, (options.fault ?? DIE)(at), options);
    trials.push(trial);
    if (!fired) return trials;
    if (options.recoveryStride !== undefined && at % options.recoveryStride === 0) {
      trials.push(...await killRecovery(scenario, (options.fault ?? DIE)(at), options));
    }
  }
  throw new Error(`the scenario did not end within ${MAX_EFFECTS} effects`);
}

export const verdicts = (trials: readonly Trial[]): ReadonlySet<string> => new Set(trials.map((trial) => trial.verdict));

/** Dies at `fault`, then recovery dies at each of its own effects in turn. */
async function killRecovery<World>(scenario: Scenario<World>, fault: Fault, options: Options): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (let at = 1; at <= MAX_EFFECTS; at += 1) {
    const { trial, recoveryFired } = await tryOnce(scenario, fault, options, { kind: 'crash', at });
    trials.push(trial);
    if (!recoveryFired) return trials;
  }
  throw new Error(`recovery did not end within ${MAX_EFFECTS} effects`);
}

async function tryOnce<World>(scenario: Scenario<World>, fault: Fault, options: Options, recoveryFault?: Fault) {
  const world = await scenario.setUp();
  try {
    const first = faultyCalls(nodeSystemCalls(), fault);
    const reported: string[] = [];
    const thrown = await outcomeOf(() => scenario.run(world, first.calls, (outcome) => {
      if (!(fault.kind === 'crash' && first.fired())) reported.push(outcome); // the dead report nothing
    }));
    let recoveryFired = false;
    if (recoveryFault !== undefined) {
      const second = faultyCalls(nodeSystemCalls(), recoveryFault);
      await outcomeOf(() => scenario.recover(world, second.calls));
      recoveryFired = second.fired();
    }
    await scenario.recover(world, faultyCalls(nodeSystemCalls()).calls);
    const verdict = await scenario.check(world);
    await scenario.recover(world, faultyCalls(nodeSystemCalls()).calls);
    if (await scenario.check(world) !== verdict) throw new Error(`a second recovery changed the world from ${verdict}`);
    const trial: Trial = { fault, reported, thrown, verdict };
    judge(trial, options);
    return { trial, fired: first.fired(), recoveryFired };
  } catch (cause) {
    const where = `${JSON.stringify(fault)}${recoveryFault === undefined ? '' : `, recovery ${JSON.stringify(recoveryFault)}`}`;
    throw new Error(`with ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    await scenario.tearDown(world);
  }
}

function judge(trial: Trial, options: Options): void {
  const told = (outcomes: readonly string[] | undefined): boolean => trial.reported.some((outcome) => outcomes?.includes(outcome) === true);
  if (told(options.durable ?? ['committed']) && trial.verdict !== 'new') throw new Error(`reported ${trial.reported.join()}, but the world is ${trial.verdict}`);
  if (told(options.harmless ?? ['discarded', 'reverted']) && trial.verdict !== 'old') throw new Error(`reported ${trial.reported.join()}, but the world is ${trial.verdict}`);
  options.inspect?.(trial);
}

/** What was thrown, other than the death itself (or an error that carries it). */
async function outcomeOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
    return undefined;
  } catch (thrown) {
    return isCrash(thrown) ? undefined : thrown;
  }
}

function isCrash(thrown: unknown): boolean {
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) if (at instanceof Crash) return true;
  return false;
}
