// Each defence left out in turn: the test that SECURITY.md names for it must fail then. Run by .ci/run; [--row WORDS] for some of them.
// A test that passes without its defence, or that is not found, is the finding.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFENCES, type Defence } from './defences.js';

interface Report { readonly numFailedTests: number; readonly numPassedTests: number; readonly numFailedTestSuites: number }

const LIMIT_MS = 180_000;
const folder = mkdtempSync(join(tmpdir(), 'holdline-without-'));

async function run({ test, name, leftOut }: Defence, index: number, without: boolean): Promise<Report | undefined> {
  const out = join(folder, `${index}-${String(without)}.json`);
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/security/without.config.ts', '--reporter=json', `--outputFile=${out}`, '--testNamePattern', name.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`), test], {
    env: { ...process.env, LEFT_OUT: JSON.stringify(without ? leftOut : []) }, stdio: 'ignore', detached: true,
  });
  const timer = setTimeout(() => { if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); }, LIMIT_MS);
  await new Promise((resolve) => { child.once('exit', resolve); });
  clearTimeout(timer);
  try { return JSON.parse(readFileSync(out, 'utf8')) as Report; } catch { return undefined; }
}

/** What is wrong, or undefined. */
async function judge(defence: Defence, index: number): Promise<string | undefined> {
  for (const { file, from } of defence.leftOut) {
    const count = readFileSync(file, 'utf8').split(from).length - 1;
    if (count !== 1) return `${JSON.stringify(from)} stands ${count} times in ${file}`;
  }
  const whole = await run(defence, index, false);
  if (whole === undefined || whole.numPassedTests === 0 || whole.numFailedTests > 0) return 'its test does not pass with the defence in place';
  const without = await run(defence, index, true);
  // No report: it hung without its defence until it was ended.
  return without !== undefined && without.numFailedTests === 0 ? 'its test passes without the defence' : undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { row: { type: 'string', default: '' } } });
  const waiting = [...DEFENCES.entries()].filter(([, { row }]) => row.includes(values.row));
  let findings = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, defence] = next;
      const finding = await judge(defence, index);
      if (finding !== undefined) findings += 1;
      process.stdout.write(`${finding === undefined ? 'needed' : 'FOUND'}: ${defence.row}: ${defence.name}${finding === undefined ? '' : `: ${finding}`}\n`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  rmSync(folder, { recursive: true });
  process.exitCode = findings === 0 ? 0 : 1;
}

void main();
