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

export const countCalls = async (bench: Bench, command: readonly string[]): Promise<number> => (await listCalls(bench, command)).length;

/** @param fresh from the beginning of the scenario; else on the device as it stands */
export async function killAt(bench: Bench, command: readonly string[], n: number, fresh = true): Promise<Point> {
  if (fresh) await bench.reset();
  const { code, stdout, stderr } = await bench.cut(command, ['-n', String(n)]);
  return { n, fired: code === KILLED, code, said: stdout + stderr };
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
