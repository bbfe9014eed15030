import { afterAll, describe, expect, it } from 'vitest';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes, RunResult } from '../../src/domain/ports.js';
import { confineCommand, type ConfiningHost } from '../../src/platform/confined-command.js';
import { readHost, runConfined, type ConfinedRequest } from '../../src/platform/confined-run.js';
import { createProcesses } from '../../src/platform/processes.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const folder = makeTempFolder('confined-run');
afterAll(() => removeTempFolder(folder));

const SYSTEMD: ConfiningHost = { isRoot: true, hasSystemd: true, hasSetpriv: true };
const CONTAINER: ConfiningHost = { isRoot: true, hasSystemd: false, hasSetpriv: true };
const PLAIN_USER: ConfiningHost = { isRoot: false, hasSystemd: true, hasSetpriv: true };
const WANTED = { user: 'modbus', writable: ['/var/lib/modbus'], network: false, devices: false, variables: ['JOB'], cwd: '/', timeoutMs: 1500 };
const commandOn = (host: ConfiningHost, changes: Partial<typeof WANTED> = {}) => confineCommand(['/opt/m', '$(id)'], { ...WANTED, ...changes }, host, 'u1');

describe('confineCommand', () => {
  it('asks systemd for a read-only system, another user and an end in time, values of variables left out', () => {
    const { argv, unit, lacks } = commandOn(SYSTEMD);
    expect(argv.slice(0, 2)).toEqual(['systemd-run', '--quiet']);
    expect(argv).toEqual(expect.arrayContaining(['--unit=u1', '--property=User=modbus', '--property=ProtectSystem=strict', '--property=ReadWritePaths=-/var/lib/modbus', '--property=ProtectHome=yes', '--property=RuntimeMaxSec=2s', '--property=PrivateNetwork=yes', '--setenv=JOB']));
    expect(argv.slice(-3)).toEqual(['--', '/opt/m', '$(id)']);
    expect({ unit, lacks }).toEqual({ unit: 'u1.service', lacks: [] });
  });

  it.each([['/home/pi/app', 'read-only'], ['/home', 'read-only'], ['/root/app', 'read-only'], ['/homes/app', 'yes'], ['/opt/app', 'yes']])('in %s, homes are %s: an app there must be seen to be run', (cwd, homes) => {
    expect(commandOn(SYSTEMD, { cwd }).argv.filter((word) => word.includes('ProtectHome'))).toEqual([`--property=ProtectHome=${homes}`]);
  });

  it('takes a user that owns nothing where none is named', () => {
    expect(confineCommand(['x'], { ...WANTED, user: null }, SYSTEMD, 'u1').argv).toContain('--property=DynamicUser=yes');
    expect(confineCommand(['x'], { ...WANTED, user: null }, CONTAINER, 'u1').argv.slice(0, 3)).toEqual(['setpriv', '--reuid=nobody', '--regid=nogroup']);
  });

  it.each([
    ['a container run by root', CONTAINER, ['setpriv', '--reuid=modbus'], [/not read-only/u]],
    ['a user of no rights', PLAIN_USER, ['setpriv', '--no-new-privs'], [/not read-only/u, /same user/u]],
    ['root without setpriv', { ...CONTAINER, hasSetpriv: false }, ['/opt/m', '$(id)'], [/not read-only/u, /runs as root/u]],
  ])('says what cannot be had: %s', (_name, host, start, sentences) => {
    const { argv, unit, lacks } = commandOn(host);
    expect(argv.slice(0, 2)).toEqual(start);
    expect(unit).toBeNull();
    expect(lacks).toHaveLength(sentences.length);
    for (const [index, sentence] of sentences.entries()) expect(lacks[index]).toMatch(sentence);
  });
});

const request = (argv: readonly string[], changes: Partial<ConfinedRequest> = {}): ConfinedRequest => ({ name: `test-${process.pid}`, argv, user: null, writable: [], network: true, devices: false, cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeoutMs: 20_000, ...changes });

describe('runConfined', () => {
  const host = { ...readHost(), hasSystemd: false };

  it('gives the program its environment and nothing of ours, and lets it gain no rights', async () => {
    const { stdout, code } = await runConfined(createProcesses({ GITHUB_TOKEN: 'secret' }), request(['env'], { env: { PATH: '/usr/bin:/bin', ONLY: '1' } }), host);
    expect([code, stdout]).toEqual([0, `PATH=/usr/bin:/bin\nONLY=1\nHOLDLINE_RUN=holdline-test-${process.pid}\n`]);
    const status = (await runConfined(createProcesses(), request(['cat', '/proc/self/status']), host)).stdout;
    expect(status).toMatch(/^NoNewPrivs:\s1$/mu);
    if (host.isRoot) expect(status).toMatch(/^CapBnd:\s0{16}$/mu);
  });

  it.skipIf(!host.isRoot)('runs it as another user, who may not write what is root\'s; root itself may (control)', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o755 });
    chmodSync(folder, 0o755);
    const write = (name: string): readonly string[] => ['cp', '/etc/hostname', join(closed, name)];
    expect((await runConfined(createProcesses(), request(write('confined')), host)).code).not.toBe(0);
    expect((await createProcesses().run(write('control'))).code).toBe(0);
    expect((await runConfined(createProcesses(), request(['id', '-un']), host)).stdout).toBe('nobody\n');
  });

  it.each([['at the timeout', true], ['when it is aborted', false]])('has systemd kill the program %s', async (_name, timedOut) => {
    const ran: (readonly string[])[] = [];
    const processes: Processes = {
      run: (argv) => {
        ran.push(argv);
        if (argv[0] === 'systemctl') return Promise.resolve({ code: 0, signal: null, stdout: '', stderr: '', timedOut: false });
        return timedOut ? Promise.resolve<RunResult>({ code: null, signal: 'SIGKILL', stdout: '', stderr: '', timedOut }) : Promise.reject(new Error('aborted'));
      },
    };
    const run = runConfined(processes, request(['sleep', '300']), SYSTEMD);
    if (timedOut) expect((await run).timedOut).toBe(true);
    else await expect(run).rejects.toThrow('aborted');
    const started = ran.findIndex(([program]) => program === 'systemd-run');
    const unit = ran[started]?.find((part) => part.startsWith('--unit='))?.slice('--unit='.length);
    const kill = ['systemctl', '--quiet', 'kill', '--signal=SIGKILL', `${unit}.service`];
    // Before, one that outlived its holdline; after, this one.
    expect(ran[0]).toEqual(kill);
    expect(ran.slice(started + 1)).toContainEqual(kill);
  });
});
