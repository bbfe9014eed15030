// The soak: seeded actions against one device, invariants whenever it is quiet. Prints what it did, ends by itself, fails on a violation.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ACTIONS, chooseAction } from './actions.js';
import { Device, type Status } from './device.js';
import { findViolations, newMemory, type Memory } from './invariants.js';
import { seeded } from './random.js';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '2' }, seed: { type: 'string' }, steps: { type: 'string' }, verbose: { type: 'boolean' } } });
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const endAt = performance.now() + Number(values.minutes) * 60_000;
const maxSteps = values.steps === undefined ? Number.MAX_SAFE_INTEGER : Number(values.steps);
/** A retry, a probation and a recovery fit in. */
const QUIET_MS = 60_000;
const RECHECKS = 4;
const QUIET_STATES = new Set(['idle', 'checking', 'waiting', 'current', 'available']);

const say = (line: string): void => { process.stdout.write(`${line}\n`); };

async function untilQuiet(device: Device): Promise<Status> {
  const deadline = performance.now() + QUIET_MS;
  for (let calm = 0; ;) {
    await device.startDaemon();
    const status = await device.status();
    calm = QUIET_STATES.has(status.state) && (status['daemon'] as { running: boolean }).running ? calm + 1 : 0;
    if (calm === 2) return status;
    if (performance.now() > deadline) throw new Error(`not quiet within ${QUIET_MS / 1000} s: ${JSON.stringify(status)}; ${device.log.slice(-3).join('; ')}`);
    await sleep(150);
  }
}

/** A tree cannot be read in one instant while updates go on: what is wrong must stay wrong. */
async function judge(device: Device, memory: Memory): Promise<string[]> {
  let found: string[] = [];
  for (let tries = 0; tries < RECHECKS; tries += 1) {
    found = await findViolations(device, await untilQuiet(device), memory);
    if (found.length === 0) return found;
    await sleep(1200);
  }
  return found;
}

async function soak(device: Device): Promise<number> {
  const random = seeded(seed);
  const memory = newMemory();
  const counts = new Map<string, number>();
  let [checks, steps] = [0, 0];
  const trail: string[] = [];
  await device.startDaemon();
  await untilQuiet(device);
  while (performance.now() < endAt && steps < maxSteps) {
    const burst = 1 + random.below(4);
    for (let index = 0; index < burst && steps < maxSteps; index += 1) {
      const name = chooseAction(random);
      steps += 1;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      const told = await ACTIONS[name]?.act(device, random) ?? '';
      trail.push(`${steps}. ${name}${told === '' ? '' : `: ${told}`}`);
      if (values.verbose === true) say(trail.at(-1) ?? '');
      if (random.chance(0.6)) await device.startDaemon();
      const status = await device.holdline(['--status', '--json']);
      if (status.code !== 0) return report(device, [`status ended with ${status.code ?? '?'}: ${status.stdout}${status.stderr}`], trail, counts, checks);
    }
    const found = await judge(device, memory);
    checks += 1;
    if (found.length > 0) return report(device, found, trail, counts, checks);
  }
  return report(device, [], trail, counts, checks);
}

function report(device: Device, found: readonly string[], trail: readonly string[], counts: ReadonlyMap<string, number>, checks: number): number {
  for (const [name, count] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) say(`  ${String(count).padStart(4)} ${name}`);
  say(`soak: seed ${seed}, ${trail.length} actions, ${device.minor} releases, ${device.edits.length} edits, all invariants judged ${checks} times`);
  if (found.length > 0) {
    say(`VIOLATED: ${found.join('; ')}`);
    say(`the last actions:\n  ${trail.slice(-25).join('\n  ')}`);
    say(`the device said:\n${device.log.slice(-5).join('\n')}\n${device.daemon?.output().slice(-5000) ?? ''}`);
    say(`again: node test/system/run.mjs soak --seed ${seed} --steps ${trail.length} --minutes 60`);
  }
  say(`${checks - (found.length > 0 ? 1 : 0)} passed, ${found.length > 0 ? 1 : 0} failed`);
  return found.length > 0 ? 1 : 0;
}

say(`soak: seed ${seed}, ${values.minutes} minutes`);
const device = await Device.create(seed);
let code = 1;
try { code = await soak(device); } finally { await device.close(); }
process.exit(code);
