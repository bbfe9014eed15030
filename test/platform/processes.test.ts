import { afterAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { createProcesses } from '../../src/platform/processes.js';
import { isLive, parseProcessStat, readProcess } from '../../src/platform/process-table.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { waitUntil } from '../support/services/wait-until.js';

const folder = makeTempFolder('processes');
afterAll(() => removeTempFolder(folder));
const processes = createProcesses({ PATH: process.env['PATH'], GITHUB_TOKEN: 'secret', NOTIFY_SOCKET: '/run/x', KEPT: 'yes' });
const isGone = (pid: number) => (): boolean => !isLive(readProcess(pid));

describe('createProcesses', () => {
  it('passes arguments as they are, never through a shell', async () => {
    const odd = '$(id) `id` ; "x" \' * ü\n';
    const result = await processes.run(['printf', '%s', odd]);
    expect(result).toEqual({ code: 0, signal: null, stdout: odd, stderr: '', timedOut: false });
  });

  it('answers an exit code and a signal as values', async () => {
    expect(await processes.run(['sh', '-c', 'echo bad >&2; exit 7'])).toMatchObject({ code: 7, stderr: 'bad\n', timedOut: false });
    expect(await processes.run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: false });
  });

  it('withholds our secrets by default, and passes exactly the environment it is given', async () => {
    const inherited = (await processes.run(['env'])).stdout;
    expect(inherited).toContain('KEPT=yes');
    expect(inherited).not.toMatch(/GITHUB_TOKEN|NOTIFY_SOCKET/u);
    expect((await processes.run(['/usr/bin/env'], { env: { ONLY: '1' } })).stdout).toBe('ONLY=1\n');
  });

  it('feeds input, and bears a program that does not read it', async () => {
    expect((await processes.run(['cat'], { input: 'hällo' })).stdout).toBe('hällo');
    expect((await processes.run(['true'], { input: 'x'.repeat(1_000_000) })).code).toBe(0);
  });

  it('keeps the tail of a flood, in whole characters', async () => {
    const { stdout } = await processes.run(['sh', '-c', 'yes ü | head -c 3000000; echo; printf END']);
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(64 * 1024);
    expect(stdout.endsWith('END')).toBe(true);
    expect(stdout).not.toContain('\uFFFD');
  });

  it('kills the whole group at the timeout, also what ignores TERM', async () => {
    const result = await processes.run(['sh', '-c', 'trap "" TERM; sleep 300 & echo $!; wait'], { timeoutMs: 2_000 });
    expect(result).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: true });
    expect(Number(result.stdout)).toBeGreaterThan(1);
    await waitUntil('the grandchild is gone', isGone(Number(result.stdout)));
  });

  it('ends what a program leaves running behind it, though it holds the output open', async () => {
    const result = await processes.run(['sh', '-c', 'sleep 300 & echo $!'], { timeoutMs: 20_000 });
    expect(result).toMatchObject({ code: 0, timedOut: false });
    await waitUntil('the orphan is gone', isGone(Number(result.stdout)));
  });

  it('rejects with the reason when aborted, and kills', async () => {
    const controller = new AbortController();
    const run = processes.run(['sleep', '300'], { signal: controller.signal });
    controller.abort(new Error('stop'));
    await expect(run).rejects.toThrow('stop');
    await expect(processes.run(['true'], { signal: controller.signal })).rejects.toThrow('stop');
  });

  it.each([
    ['no program', ['/no/such/program'], undefined, 'step-failed'],
    ['no folder', ['true'], '/no/such/folder', 'install-missing'],
    ['not executable', [join(folder, 'plain.txt')], undefined, 'permission'],
    ['empty', [], undefined, 'step-failed'],
    ['a NUL in an argument', ['echo', 'a\0b'], undefined, 'step-failed'],
  ])('explains %s', async (_case, argv, cwd, code) => {
    writeFileSync(join(folder, 'plain.txt'), 'x');
    await expect(processes.run(argv, cwd === undefined ? {} : { cwd })).rejects.toMatchObject({ name: 'HoldlineError', code });
  });
});

describe('parseProcessStat', () => {
  it('reads a name with blanks and brackets', () => {
    const text = '42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2';
    expect(parseProcessStat(text)).toEqual({ pid: 42, state: 'S', group: 42, startTime: '987654' });
  });
  it('knows this process', () => {
    expect(readProcess(process.pid)).toMatchObject({ pid: process.pid });
    expect(readProcess(2 ** 30)).toBeUndefined();
  });
  it.each(['', 'x', '1 (x) S'])('answers nothing for %j', (text) => expect(parseProcessStat(text)).toBeUndefined());
});

describe('lines and leftovers', () => {
  it('tells lines as they come, cut where too long, the last one also without its end', async () => {
    const lines: string[] = [];
    await processes.run(['sh', '-c', 'echo one; printf "ü\\n"; head -c 100000 /dev/zero | tr "\\0" x; echo; printf last'], { onLine: (line) => { lines.push(line); } });
    expect(lines.map((line) => line.length)).toEqual([3, 1, 4096, 4]);
    expect(lines.at(-1)).toBe('last');
  });

  it('asks with TERM first where it is given a grace, and kills after it', async () => {
    const polite = await processes.run(['sh', '-c', 'trap "echo bye; exit 3" TERM; while :; do sleep 0.05; done'], { timeoutMs: 300, graceMs: 20_000 });
    expect(polite).toMatchObject({ code: 3, stdout: 'bye\n', timedOut: true });
    const stubborn = await processes.run(['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'], { timeoutMs: 300, graceMs: 300 });
    expect(stubborn).toMatchObject({ signal: 'SIGKILL', timedOut: true });
  });

  it('ends also who has left the process group, when it carries the mark', async () => {
    const escape = ['sh', '-c', 'setsid sh -c "echo \\$\\$; exec sleep 300" & sleep 0.3'];
    const unmarked = Number((await processes.run(escape)).stdout);
    expect(isLive(readProcess(unmarked))).toBe(true); // the negative control: the group alone does not hold it
    process.kill(unmarked, 'SIGKILL');
    const marked = Number((await processes.run(escape, { mark: 'test-mark-1' })).stdout);
    expect(marked).toBeGreaterThan(1);
    await waitUntil('the escaped one is gone', isGone(marked));
  });
});
