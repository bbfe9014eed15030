// Modules as real child processes: what they are given, and what they cannot do to us.
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModuleCall, ModulePhase } from '../../src/domain/module.js';
import { createModuleRunner } from '../../src/modules/run-module.js';
import { createProcesses } from '../../src/platform/processes.js';
import { isLive, readProcess } from '../../src/platform/process-table.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { waitUntil } from '../support/services/wait-until.js';

const root = makeTempFolder('module');
afterAll(() => removeTempFolder(root));
const tree = join(root, 'tree');
mkdirSync(tree);
const processes = createProcesses({ PATH: process.env['PATH'] });
const told: string[] = [];
const progress: number[] = [];
const note = (message: string): void => { told.push(message); };

// Without confinement, which test/platform/confined-run.test.ts proves: here it is about the contract.
const runner = createModuleRunner({
  log: { debug: note, info: note, warn: note, error: note }, report: (event) => { if (event.type === 'progress') progress.push(event.done); },
  environment: { PATH: process.env['PATH'] ?? '' }, host: { node: process.execPath, script: join(process.cwd(), 'dist/module-host.js') },
  system: {
    runConfined: async ({ name, argv, env, cwd, timeoutMs, graceMs, input, onLine }) => ({ ...await processes.run(argv, { env, cwd, timeoutMs, graceMs, input, onLine, mark: name }), lacks: [] }),
    makeStateDir: async (path) => { mkdirSync(path, { recursive: true, mode: 0o700 }); },
  },
});

function callOf(name: string, text: string, seconds = 30): ModuleCall {
  writeFileSync(join(tree, name), text);
  chmodSync(join(tree, name), 0o755);
  const timeouts = { check: seconds, prepare: seconds, apply: seconds, verify: seconds, undo: seconds };
  return {
    program: [name, 'an argument'], user: null, env: { BRIDGE: 'meter' }, timeouts, record: join(root, 'record'), preserve: [], component: 'firmware', transaction: 't', from: '1.0.0', to: '1.1.0',
    tree, previous_tree: null, state_dir: join(root, 'state'),
  };
}
const run = (phase: ModulePhase, call: ModuleCall): Promise<unknown> => runner.run(phase, call).catch((thrown: unknown) => thrown);
const sh = (lines: string): string => `#!/bin/sh\n${lines}\n`;

describe('an executable', () => {
  it('gets one JSON object, its arguments and its own folder, and nothing of ours', async () => {
    process.env['GITHUB_TOKEN'] = 'secret-token';
    const call = callOf('tell', sh('cat > request.json; env > env.txt; printf "%s" "$1" > argument.txt; pwd > cwd.txt'));
    expect(await run('apply', call)).toBeUndefined();
    delete process.env['GITHUB_TOKEN'];
    const state = join(root, 'state');
    expect(JSON.parse(readFileSync(join(state, 'request.json'), 'utf8'))).toEqual({
      contract: 1, phase: 'apply', component: 'firmware', transaction: 't', from: '1.0.0', to: '1.1.0', tree, previous_tree: null, state_dir: state,
    });
    expect(readFileSync(join(state, 'argument.txt'), 'utf8')).toBe('an argument');
    expect(readFileSync(join(state, 'cwd.txt'), 'utf8').trim()).toBe(state);
    expect(readFileSync(join(state, 'env.txt'), 'utf8')).toMatch(/BRIDGE=meter/u);
    expect(readFileSync(join(state, 'env.txt'), 'utf8')).not.toContain('secret-token');
    expect(statSync(state).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['fails', 'echo no board >&2; exit 4', 'apply', 'module-failed', /exit code 4: no board/u],
    ['is not there now', 'exit 75', 'check', 'module-not-now', /not now/u],
    ['never ends', 'trap "" TERM; sleep 300 & wait; sleep 300', 'apply', 'module-failed', /no end within 0.5 s/u],
    ['kills itself', 'kill -9 $$', 'verify', 'module-failed', /killed by SIGKILL/u],
  ] as const)('that %s is told so', async (_, lines, phase, code, words) => {
    const error = await run(phase, callOf('bad', sh(lines), code === 'module-failed' && words.source.includes('0.5') ? 0.5 : 30));
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) as unknown });
  });

  it('that prints garbage without end of line or sense still counts by its exit code', async () => {
    told.length = 0;
    expect(await run('apply', callOf('garbage', sh('head -c 3000000 /dev/urandom; i=0; while [ $i -lt 3000 ]; do echo "{\\"done\\": nonsense $i"; i=$((i+1)); done')))).toBeUndefined();
    expect(told.length).toBeLessThan(20_000);
    expect(told.join('')).not.toMatch(/\p{Cc}/u);
  });

  it('leaves no child behind, not even one in a session of its own', async () => {
    const file = join(root, 'state', 'child.txt');
    expect(await run('apply', callOf('parent', sh(`setsid sh -c 'echo $$ > ${file}; exec sleep 300' & while [ ! -s ${file} ]; do sleep 0.02; done`)))).toBeUndefined();
    const child = Number(readFileSync(file, 'utf8'));
    expect(child).toBeGreaterThan(1);
    await waitUntil('the child is gone', () => !isLive(readProcess(child)));
  });

  it('outside its tree is not run', async () => {
    const error = await run('apply', { ...callOf('x', sh('exit 0')), program: ['../elsewhere'] });
    expect(error).toMatchObject({ code: 'module-failed', message: expect.stringContaining('outside its tree') as unknown });
  });
});

describe('a Node file', () => {
  const good = 'export function main({ phase, args, to, progress }) { progress(0.5, `half of ${to}`); progress(1); if (args[0] !== "an argument") throw new Error("args"); return phase === "check" ? "not-now" : undefined; }';
  it('is called through main, with progress', async () => {
    progress.length = 0;
    expect(await run('apply', callOf('good.mjs', good))).toBeUndefined();
    expect(progress).toEqual([50, 100]);
    expect(await run('check', callOf('good.mjs', good))).toMatchObject({ code: 'module-not-now' });
  });

  it.each([
    ['throws', 'bad.mjs', 'export async function main() { throw new Error("no answer from the board"); }', /no answer from the board/u],
    ['exports no main', 'bad2.mjs', 'export const other = 1;', /exports no function main/u],
    ['answers with a code', 'bad.cjs', 'module.exports.main = () => 3;', /exit code 3/u],
    ['answers with nonsense', 'bad3.mjs', 'export const main = () => "fine";', /exit code 1/u],
  ] as const)('that %s has failed', async (_, name, text, words) => {
    expect(await run('apply', callOf(name, text))).toMatchObject({ code: 'module-failed', message: expect.stringMatching(words) as unknown });
  });

  it('needs the host that npm run build makes', () => { expect(existsSync(join(process.cwd(), 'dist/module-host.js'))).toBe(true); });
});
