// Hooks as real child processes: what they are given, how their end is read, and that nothing of them is left.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOOK_NAMES, type HookCall } from '../../src/domain/hooks.js';
import type { RunResult } from '../../src/domain/ports.js';
import { judgeHook } from '../../src/modules/hook-contract.js';
import { createHookRunner } from '../../src/modules/run-hook.js';
import { createProcesses } from '../../src/platform/processes.js';
import { isLive, readProcess } from '../../src/platform/process-table.js';
import { waitUntil } from '../support/services/wait-until.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const root = makeTempFolder('hook');
afterAll(() => removeTempFolder(root));
beforeAll(() => { mkdirSync(join(root, 'src')); });
const processes = createProcesses({ PATH: process.env['PATH'] });
const told: string[] = [];
const note = (message: string): void => { told.push(message); };
const asked: { user: string | null; writable: readonly string[] }[] = [];

// Without confinement, which test/platform/confined-run.test.ts proves: here it is about the contract.
const runner = createHookRunner({
  log: { debug: note, info: note, warn: note, error: note }, environment: { PATH: process.env['PATH'] ?? '' },
  system: {
    runConfined: async ({ name, argv, env, cwd, timeoutMs, graceMs, input, onLine, user, writable }) => {
      asked.push({ user, writable });
      return { ...await processes.run(argv, { env, cwd, timeoutMs, graceMs, input, onLine, mark: name }), lacks: [] };
    },
  },
});

function callOf(hook: HookCall['hook'], lines: string, changes: Partial<HookCall> = {}): HookCall {
  writeFileSync(join(root, 'src/hook.sh'), `#!/bin/sh\n${lines}\n`);
  chmodSync(join(root, 'src/hook.sh'), 0o755);
  return {
    hook, component: 'app', transaction: 't', kind: 'update', from: '1.0.0', to: '1.1.0', install_dir: root, tree: `${root}/new`, previous_tree: `${root}/old`,
    command: ['src/hook.sh', 'an argument'], user: 'pi', timeout: 30, writable: ['/var/lib/app'], ...changes,
  };
}
const run = (call: HookCall): Promise<unknown> => runner.run(call).catch((thrown: unknown) => thrown);

describe('a hook', () => {
  it('gets its arguments, a small environment and one JSON object, runs in install_dir, and sees nothing of ours', async () => {
    process.env['GITHUB_TOKEN'] = 'secret-token';
    expect(await run(callOf('before_switch', 'cat > request.json; env > env.txt; printf "%s" "$1" > argument.txt; echo drained'))).toBeUndefined();
    delete process.env['GITHUB_TOKEN'];
    expect(JSON.parse(readFileSync(join(root, 'request.json'), 'utf8'))).toEqual({
      contract: 1, hook: 'before_switch', component: 'app', transaction: 't', kind: 'update', from: '1.0.0', to: '1.1.0', install_dir: root, tree: `${root}/new`, previous_tree: `${root}/old`,
    });
    expect(readFileSync(join(root, 'argument.txt'), 'utf8')).toBe('an argument');
    const env = readFileSync(join(root, 'env.txt'), 'utf8');
    for (const line of ['HOLDLINE_HOOK=before_switch', 'HOLDLINE_COMPONENT=app', 'HOLDLINE_KIND=update', 'HOLDLINE_FROM=1.0.0', 'HOLDLINE_TO=1.1.0', `HOLDLINE_INSTALL_DIR=${root}`]) expect(env.split('\n')).toContain(line);
    expect(env).not.toContain('secret-token');
    expect(told).toContain('hook before_switch of app: drained');
    expect(asked.at(-1)).toEqual({ user: 'pi', writable: ['/var/lib/app'] });
  });

  it.each([
    ['before_switch', 'no room', 'echo no room >&2; exit 1', 'hook-refused', /failed \(exit code 1: no room\); nothing on the device has changed/u],
    ['before_switch', 'not now', 'echo measuring; exit 75', 'hook-not-now', /says "not now": measuring/u],
    ['after_switch', '75, which is no answer any more', 'exit 75', 'hook-failed', /after_switch of app: it failed \(exit code 75\)/u],
    ['after_switch', 'no end', 'trap "" TERM; sleep 300 & wait; sleep 300', 'hook-failed', /no end within 0.5 s/u],
    ['after_commit', 'its own death', 'kill -9 $$', 'hook-failed', /killed by SIGKILL/u],
  ] as const)('%s: %s', async (hook, _, lines, code, words) => {
    expect(await run(callOf(hook, lines, words.source.includes('0.5') ? { timeout: 0.5 } : {}))).toMatchObject({ code, message: expect.stringMatching(words) as unknown });
  });

  it('that is not there is told by its full path; a bare name is looked for in PATH, and no shell reads it', async () => {
    expect(await run(callOf('before_switch', '', { command: ['src/none.sh'] }))).toMatchObject({ code: 'hook-refused', message: expect.stringContaining(`cannot run ${root}/src/none.sh: no such program`) as unknown });
    expect(await run(callOf('before_switch', '', { command: ['true; touch pwned', '$(id)'] }))).toMatchObject({ code: 'hook-refused' });
    expect(await run(callOf('before_switch', '', { command: ['touch', '$(id); here'] }))).toBeUndefined();
    expect([existsSync(join(root, '$(id); here')), existsSync(join(root, 'pwned'))]).toEqual([true, false]);
  });

  it('leaves no child behind, not even one in a session of its own', async () => {
    const file = join(root, 'child.txt');
    expect(await run(callOf('after_commit', `setsid sh -c 'echo $$ > ${file}; exec sleep 300' & while [ ! -s ${file} ]; do sleep 0.02; done`))).toBeUndefined();
    const child = Number(readFileSync(file, 'utf8'));
    expect(child).toBeGreaterThan(1);
    await waitUntil('the child is gone', () => !isLive(readProcess(child)));
  });
});

describe('judgeHook', () => {
  const ran = (changes: Partial<RunResult>): RunResult => ({ code: 0, signal: null, stdout: '', stderr: '', timedOut: false, ...changes });
  it.each(HOOK_NAMES.flatMap((hook) => ([
    [hook, ran({}), undefined], [hook, ran({ timedOut: true }), hook === 'before_switch' ? 'hook-refused' : 'hook-failed'], [hook, ran({ code: 2 }), hook === 'before_switch' ? 'hook-refused' : 'hook-failed'],
    [hook, ran({ code: 75 }), hook === 'before_switch' ? 'hook-not-now' : 'hook-failed'], [hook, ran({ code: 75, timedOut: true }), hook === 'before_switch' ? 'hook-refused' : 'hook-failed'],
  ] as const)))('%s %o is %s', (hook, result, code) => { expect(judgeHook({ hook, component: 'app', timeout: 5 }, result)?.code).toBe(code); });
  it('tells the last lines as one, printable', () => {
    expect(judgeHook({ hook: 'after_switch', component: 'app', timeout: 5 }, ran({ code: 1, stderr: 'a\nb\nc\n\u001B[31md\n' }))?.message).toContain('(exit code 1: b | c | [31md)');
  });
});
