// The two halves of a crash: kill a command before its n-th call, then recover and judge.
import { readFileSync } from 'node:fs';
import type { Bench, Verdict } from './bench.js';

export interface Point { readonly n: number; readonly fired: boolean; readonly code: number; readonly said: string }

const KILLED = 137;

/** `2 rename /state/journal/x`, in order, of a run that is not disturbed. Leaves the device at its end. */
export async function listCalls(bench: Bench, command: readonly string[], which: readonly string[] = []): Promise<string[]> {
  await bench.reset();
  await bench.cut(command, [...which, '-l', bench.list]);
  const lines = readFileSync(bench.list, 'utf8').trimEnd().split('\n');
  return lines.slice(0, -1);
}

/** Where undoing has most to do: right after the last change before the end of the switch. */
export const crashAfterSwitch = (calls: readonly string[]): number =>
  3 + calls.findLastIndex((call) => /renameat2 the app\/|rename the app\/\.holdline\/\.(current|previous)\.tmp/u.test(call));

/** @param fresh from the beginning of the scenario; else on the device as it stands */
export async function killAt(bench: Bench, command: readonly string[], n: number, fresh = true): Promise<Point> {
  if (fresh) await bench.reset();
  const { code, stdout, stderr } = await bench.cut(command, ['-n', String(n)]);
  return { n, fired: code === KILLED, code, said: stdout + stderr };
}

/** Recovers once, and gives back the calls that this took. */
export async function recoverAndList(bench: Bench): Promise<{ readonly verdict: Verdict; readonly calls: readonly string[] }> {
  const ran = await bench.cut(bench.recovery(), ['-l', bench.list]);
  const calls = readFileSync(bench.list, 'utf8').trimEnd().split('\n').slice(0, -1);
  if (ran.code !== 0) return { verdict: { is: 'BAD', why: `recovery ended with ${ran.code}: ${ran.stdout}${ran.stderr}` }, calls };
  return { verdict: await bench.judge(), calls };
}

/** @param times recovery is run this often; 0 leaves it out
 * @param again a person asks for another try at what ended broken */
export async function recoverAndJudge(bench: Bench, times: number, again = false): Promise<{ readonly verdict: Verdict; readonly ms: number; readonly said: string }> {
  let [ms, said] = [0, ''];
  for (let run = 0; run < times; run += 1) {
    const ran = await bench.run([...bench.recovery(), ...(again ? ['--again'] : [])]);
    [ms, said] = [ran.ms, ran.stdout + ran.stderr];
    if (ran.code !== 0) return { verdict: { is: 'BAD', why: `recovery ended with ${ran.code}: ${said}` }, ms, said };
  }
  return { verdict: await bench.judge(), ms, said };
}
