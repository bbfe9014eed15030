// systemctl as a program in PATH that records its arguments and answers from a table; the answers are in real systemctl's format.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProcesses } from '../../src/platform/processes.js';
import { createController } from '../../src/services/controller.js';
import { createSystemd } from '../../src/services/systemd.js';
import { assertUnitName, parseUnitState } from '../../src/services/unit-state.js';
import type { ServiceController } from '../../src/domain/ports.js';
import { commandService, unitService } from '../support/services/settings.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const RUNNING = `Result=success
NRestarts=2
MainPID=812
ExecMainCode=0
ExecMainStatus=0
LoadState=loaded
ActiveState=active
SubState=running
ActiveEnterTimestamp=Sat 2026-11-21 07:42:01 UTC
`;
const FAILED = 'Result=exit-code\nNRestarts=0\nMainPID=0\nExecMainCode=1\nExecMainStatus=203\nLoadState=loaded\nActiveState=failed\nSubState=failed\nActiveEnterTimestamp=\n';
const LIMIT = FAILED.replace('exit-code', 'start-limit-hit');
const INACTIVE = 'Result=success\nNRestarts=0\nMainPID=0\nExecMainCode=0\nExecMainStatus=0\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nActiveEnterTimestamp=\n';
const NOT_FOUND = INACTIVE.replace('=loaded', '=not-found');

let folder: string;
beforeEach(() => { folder = makeTempFolder('systemctl'); });
afterEach(() => removeTempFolder(folder));

/** `answers`: verb -> answers in turn (the last repeats). */
function fakeSystemd(answers: Record<string, { code?: number; out?: string; err?: string }[]>, programs = ['systemctl', 'journalctl']): ServiceController {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [verb, turns] of Object.entries(answers)) {
    turns.forEach(({ code = 0, out = '', err = '' }, turn) => {
      for (const [kind, text] of [['code', String(code)], ['out', out], ['err', err]] as const) writeFileSync(join(folder, `${verb}.${turn}.${kind}`), text);
    });
  }
  for (const program of programs) {
    writeFileSync(join(bin, program), `#!/bin/sh
cd '${folder}'
printf '%s' "${program}" >> calls; for a in "$@"; do printf ' %s' "$a" >> calls; done; echo >> calls
[ "$LC_ALL" = C ] && [ "$TZ" = UTC ] || { echo "wrong environment" >&2; exit 99; }
verb=$1; [ ${program} = journalctl ] && verb=journal
turn=$(cat "$verb.turn" 2>/dev/null || echo 0); [ -e "$verb.$turn.code" ] || turn=$((turn - 1)); echo $((turn + 1)) > "$verb.turn"
[ -e "$verb.$turn.code" ] || exit 0
cat "$verb.$turn.out"; cat "$verb.$turn.err" >&2; exit "$(cat "$verb.$turn.code")"
`);
    chmodSync(join(bin, program), 0o755);
  }
  return createSystemd({ processes: createProcesses(), environment: { PATH: `${bin}:/usr/bin:/bin` } });
}
const calls = (): string[] => (existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : []);
const web = unitService('web.service');

describe('createSystemd', () => {
  it('starts and stops with the name behind --, and asks no password', async () => {
    const systemd = fakeSystemd({ show: [{ out: INACTIVE }] });
    await systemd.start(web);
    await systemd.stop(web);
    expect(calls().filter((call) => !call.includes(' show '))).toEqual([
      'systemctl start --no-pager --no-ask-password -- web.service',
      'systemctl stop --no-pager --no-ask-password -- web.service',
    ]);
  });

  it('tells a unit by its signal, its main process alone; one that does not run is not told', async () => {
    const told = { ...web, onChange: { signal: 'SIGHUP' } as const };
    await fakeSystemd({ show: [{ out: RUNNING }] }).reload(told);
    expect(calls().at(-1)).toBe('systemctl kill --no-pager --no-ask-password --kill-who=main --signal=SIGHUP -- web.service');
    expect(calls()).toHaveLength(2);
  });

  it.each([
    ['one that does not run', [{ out: INACTIVE }], [{ code: 1, err: 'not asked' }], undefined],
    ['one that has just ended', [{ out: RUNNING }, { out: INACTIVE }], [{ code: 1, err: 'Failed to kill unit web.service: No main process to kill' }], undefined],
    ['one this user may not tell', [{ out: RUNNING }], [{ code: 1, err: 'Failed to kill unit web.service: Access denied' }], 'permission'],
    ['one that cannot be told', [{ out: RUNNING }], [{ code: 1, err: 'Failed to kill unit web.service: Input/output error' }], 'service-reload'],
  ])('knows what to think of %s', async (_case, show, kill, code) => {
    const answer = await fakeSystemd({ show, kill }).reload({ ...web, onChange: { signal: 'SIGHUP' } }).then(() => undefined, (thrown: { code: string }) => thrown.code);
    expect(answer).toBe(code);
  });

  it('shows a running unit', async () => {
    expect(await fakeSystemd({ show: [{ out: RUNNING }] }).status(web)).toEqual({
      name: 'web', kind: 'service', active: true, pid: 812, restarts: 2, since: '2026-11-21T07:42:01.000Z', detail: 'web.service is active (running)',
    });
  });

  it.each([
    ['failed', FAILED, 'web.service is failed (failed), result exit-code (status 203)'],
    ['missing', NOT_FOUND, 'no unit web.service exists on this device'],
    ['masked', INACTIVE.replace('=loaded', '=masked'), 'web.service cannot be loaded (masked)'],
    ['starting', INACTIVE.replace('=inactive', '=activating').replace('dead', 'auto-restart'), 'web.service is activating (auto-restart)'],
  ])('shows a unit that is %s', async (_case, out, detail) => {
    expect(await fakeSystemd({ show: [{ out }] }).status(web)).toMatchObject({ active: false, pid: null, since: null, detail });
  });

  it('lets a unit that had failed too often start again', async () => {
    await fakeSystemd({ show: [{ out: FAILED }] }).start(web);
    expect(calls().map((call) => call.split(' ')[1])).toEqual(['show', 'reset-failed', 'start']);
  });

  it('forgets a start limit met on the way, once', async () => {
    await fakeSystemd({ show: [{ out: INACTIVE }, { out: LIMIT }], start: [{ code: 1, err: 'Job for web.service failed.' }, {}] }).start(web);
    expect(calls().map((call) => call.split(' ')[1])).toEqual(['show', 'start', 'show', 'reset-failed', 'start']);
  });

  it('tells why a start failed, with the journal\'s last lines', async () => {
    const systemd = fakeSystemd({
      show: [{ out: INACTIVE }, { out: FAILED }], start: [{ code: 1, err: 'Job for web.service failed because the control process exited with error code.' }],
      journal: [{ out: 'Error: Cannot find module express\n    at node:internal\n' }],
    });
    await expect(systemd.start(web)).rejects.toMatchObject({
      code: 'service-start', message: 'cannot start web.service: web.service is failed (failed), result exit-code (status 203); its last lines: Error: Cannot find module express | at node:internal',
    });
    expect(calls().at(-1)).toBe('journalctl --no-pager --quiet --output=cat --lines=10 --unit=web.service');
  });

  it('does without a journal it may not read', async () => {
    const systemd = fakeSystemd({ show: [{ out: INACTIVE }, { out: NOT_FOUND }], start: [{ code: 5, err: 'Failed to start web.service: Unit web.service not found.' }] }, ['systemctl']);
    await expect(systemd.start(web)).rejects.toMatchObject({ code: 'service-start', message: 'cannot start web.service: no unit web.service exists on this device' });
  });

  it.each([
    ['Failed to start web.service: Interactive authentication required.', 'permission'],
    ['Failed to start web.service: Access denied', 'permission'],
    ['System has not been booted with systemd as init system (PID 1). Can\'t operate.\nFailed to connect to bus: Host is down', 'step-failed'],
    ['Failed to connect to system scope bus via local transport: No such file or directory', 'step-failed'],
    ['something else', 'service-start'],
  ])('maps %j to %s', async (err, code) => {
    const systemd = fakeSystemd({ show: [{ out: INACTIVE }], start: [{ code: 1, err }] });
    await expect(systemd.start(web)).rejects.toMatchObject({ code, hint: expect.any(String) });
  });

  it.each(['start', 'stop'] as const)('does not blame the unit when a %s meets the end of the system', async (verb) => {
    const systemd = fakeSystemd({ show: [{ out: INACTIVE }], [verb]: [{ code: 1, err: 'Job for web.service canceled.' }], 'is-system-running': [{ code: 1, out: 'stopping\n' }] });
    await expect(systemd[verb](web)).rejects.toMatchObject({ code: 'interrupted', message: `cannot ${verb} web.service: the system is shutting down` });
  });

  it('leaves out where systemctl sends its reader', async () => {
    const systemd = fakeSystemd({ show: [{ out: INACTIVE }], stop: [{ code: 1, err: "Job for web.service canceled.\nSee system logs and 'systemctl status web.service' for details.\n" }], 'is-system-running': [{ out: 'running\n' }] });
    await expect(systemd.stop(web)).rejects.toMatchObject({ code: 'service-stop', message: 'cannot stop web.service: Job for web.service canceled.' });
  });

  it('takes a unit that is not there as stopped, and other failures as failures', async () => {
    const systemd = fakeSystemd({ show: [{ out: INACTIVE }], stop: [{ code: 5, err: 'Failed to stop web.service: Unit web.service not loaded.' }, { code: 1, err: 'Job canceled' }] });
    await systemd.stop(web);
    await expect(systemd.stop(web)).rejects.toMatchObject({ code: 'service-stop', message: 'cannot stop web.service: Job canceled' });
  });

  it('says it where there is no systemctl', async () => {
    const systemd = fakeSystemd({}, []);
    const without = createSystemd({ processes: createProcesses(), environment: { PATH: join(folder, 'bin') } });
    await expect(without.start(web)).rejects.toMatchObject({ code: 'step-failed', message: expect.stringContaining('no systemctl') });
    expect(await without.status(web)).toMatchObject({ active: false, detail: expect.stringContaining('no systemctl') });
    expect(systemd).toBeDefined();
  });

  it.each(['--force', '-H evil.service', 'a b.service', 'web', '../x.service', 'web.service\n', 'wéb.service', '', '.service', 'x;y.service', '*.service'])('refuses %j before systemctl sees it', async (unit) => {
    const systemd = fakeSystemd({});
    await expect(systemd.start(unitService(unit))).rejects.toMatchObject({ code: 'settings-invalid' });
    expect(calls()).toEqual([]);
  });
  it.each(['web.service', 'holdline-bridge@meter.service', 'dev-disk-by\\x2did.mount', 'a:b_c.timer'])('admits %j', (unit) => assertUnitName(unit));
});

describe('createController', () => {
  it('sends units to systemd and commands to the supervisor', async () => {
    const seen: string[] = [];
    const part = (name: string): ServiceController => ({
      start: async (service) => { seen.push(`${name} start ${service.name}`); },
      stop: async (service) => { seen.push(`${name} stop ${service.name}`); },
      reload: async (service) => { seen.push(`${name} reload ${service.name}`); },
      status: async (service) => ({ name: service.name, kind: service.kind, active: true, pid: null, restarts: 0, since: null, detail: name }),
    });
    const controller = createController({ systemd: part('systemd'), embedded: part('embedded'), upgradeBridge: async (name) => { seen.push(`upgrade ${name}`); } });
    await controller.start(web);
    await controller.stop(commandService('meter', ['x']));
    await controller.reload({ ...web, onChange: { signal: 'SIGHUP' } });
    await controller.reload({ ...web, onChange: { bridge: 'line' } });
    expect(seen).toEqual(['systemd start web', 'embedded stop meter', 'systemd reload web', 'upgrade line']);
    expect((await controller.status(web)).detail).toBe('systemd');
  });
});

describe('parseUnitState', () => {
  it.each(['', 'garbage', '=', 'MainPID=abc\nNRestarts=[not set]\nActiveEnterTimestamp=n/a'])('bears %j', (text) => {
    expect(parseUnitState(text)).toMatchObject({ active: 'unknown', pid: null, restarts: 0, since: null });
  });
});
