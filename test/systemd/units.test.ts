// The shipped units against systemd's own checker where it is installed, and the polkit rule against a table.
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const units = fileURLToPath(new URL('../../systemd/', import.meta.url));
const services = ['holdline.service', 'holdline-recover.service', 'holdline-check.service'];
const read = (name: string): string => readFileSync(join(units, name), 'utf8');
const folder = makeTempFolder('units');
afterAll(() => removeTempFolder(folder));

/** The programs need not be installed where the test runs. */
function prepare(name: string, text = read(name)): string {
  const path = join(folder, name);
  writeFileSync(path, text.replace(/^(Exec\w+=-?)\/usr\/bin\/node /gmu, '$1/bin/sh '));
  return path;
}
const analyze = (...argv: string[]) => spawnSync('systemd-analyze', ['--no-pager', ...argv], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', SYSTEMD_COLORS: '0' } });
const hasAnalyze = analyze('--version').status === 0;

describe.skipIf(!hasAnalyze)('systemd-analyze (skipped without systemd)', () => {
  for (const name of services) prepare(name);
  it.each([...services, 'holdline.timer'])('%s is a valid unit', (name) => {
    const { stdout, stderr, status } = analyze('verify', '--man=no', prepare(name));
    expect({ text: `${stdout}${stderr}`, status }).toEqual({ text: '', status: 0 });
  });
  it('finds a mistake, so its silence means something', () => {
    const path = prepare('wrong.service', read('holdline.service').replace('WatchdogSec=120', 'WatchdogSecs=120'));
    expect(analyze('verify', '--man=no', path).stderr).toContain('WatchdogSecs');
  });
  it.each(services)('%s is exposed at most 2.0', (name) => {
    const { stdout, status } = analyze('security', '--offline=true', '--threshold=20', prepare(name));
    expect({ status, exposure: Number(/exposure level for .*: ([0-9.]+)/u.exec(stdout)?.[1]) <= 2 }).toEqual({ status: 0, exposure: true });
  });
  it('finds an open unit, so a low score means something', () => {
    expect(analyze('security', '--offline=true', '--threshold=20', prepare('open.service', '[Service]\nExecStart=/bin/true\n')).status).not.toBe(0);
  });
});

describe('the units', () => {
  it('all use one place for holdline, and never a shell', () => {
    for (const name of services) {
      const programs = [...read(name).matchAll(/^Exec\w+=(.*)$/gmu)].map(([, line]) => line);
      expect(programs.length).toBeGreaterThan(0);
      for (const line of programs) expect(line).toMatch(/^-?\/usr\/bin\/node \/opt\/holdline\/dist\/(?:cli|recover)\.js/u);
    }
  });
  it('run as a user of their own with an empty capability set', () => {
    for (const name of services) for (const line of ['User=holdline', 'CapabilityBoundingSet=', 'NoNewPrivileges=yes', 'SystemCallErrorNumber=EPERM']) expect(read(name).split('\n')).toContain(line);
  });
  it('are all named in the install notes', () => {
    const notes = read('README.md');
    for (const name of readdirSync(units).filter((entry) => /^holdline.*\.(?:service|timer)$|\.rules$/u.test(entry))) expect(notes).toContain(name);
  });
  it('keep an app from starting on what recovery could not put in order', () => {
    const lines = read('examples/monitoring.service.d-holdline.conf').split('\n');
    for (const line of ['Requires=holdline-recover.service', 'After=holdline-recover.service']) expect(lines).toContain(line);
  });
  it('do not restart a bridge that can never start', () => {
    const lines = read('holdline-bridge@.service').split('\n');
    for (const line of ['AssertPathExists=/etc/holdline/bridge/%i.env', 'RestartPreventExitStatus=2']) expect(lines).toContain(line);
  });
});

describe('the polkit rule', () => {
  type Rule = (action: { id: string; lookup(name: string): string | undefined }, subject: { user: string }) => string;
  let rule: Rule | undefined;
  runInNewContext(read('50-holdline.rules'), { polkit: { addRule: (added: Rule) => { rule = added; }, Result: { YES: 'yes', NOT_HANDLED: 'not handled' } } });
  const manage = 'org.freedesktop.systemd1.manage-units';
  it.each([
    [manage, 'holdline', 'monitoring.service', 'restart', 'yes'],
    [manage, 'holdline', 'monitoring.service', 'start', 'yes'],
    [manage, 'holdline', 'monitoring.service', 'stop', 'yes'],
    [manage, 'holdline', 'monitoring.service', 'reset-failed', 'yes'],
    [manage, 'holdline', 'monitoring.service', 'set-property', 'not handled'],
    [manage, 'holdline', 'monitoring.service', undefined, 'not handled'],
    [manage, 'holdline', 'ssh.service', 'restart', 'not handled'],
    [manage, 'holdline', undefined, 'restart', 'not handled'],
    [manage, 'pi', 'monitoring.service', 'restart', 'not handled'],
    ['org.freedesktop.systemd1.manage-unit-files', 'holdline', 'monitoring.service', 'start', 'not handled'],
  ])('%s by %s on %s, %s: %s', (id, user, unit, verb, answer) => {
    expect(rule?.({ id, lookup: (name) => (name === 'unit' ? unit : name === 'verb' ? verb : undefined) }, { user })).toBe(answer);
  });
});
