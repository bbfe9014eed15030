import { describe, expect, it } from 'vitest';
import { suggestServices, type AppFolder } from '../../src/decide/suggest-services.js';

const unit = (name: string, ...lines: string[]) => ({ name, text: `[Unit]\nDescription=x\n[Service]\n${lines.join('\n')}\n[Install]\n` });
const folder = (names: string[], packageJson: unknown = null, path = '/srv/monitoring'): AppFolder => ({ path, names, packageJson: packageJson === null ? null : JSON.stringify(packageJson) });

describe('suggestServices', () => {
  const others = [unit('ssh.service', 'ExecStart=/usr/sbin/sshd -D'), unit('holdline.service', 'WorkingDirectory=/opt/monitoring')];
  it.each([
    ['a unit named like the app', [unit('monitoring.service', 'WorkingDirectory=/opt/monitoring', 'ExecStart=/usr/bin/node src/server.js')], null, { installDir: '/opt/monitoring', services: [{ unit: 'monitoring.service' }] }],
    ['a unit that starts something in the app\'s folder', [unit('web.service', 'ExecStart=-/usr/bin/node "/opt/monitoring/src/server.js" --port 80')], null, { installDir: '/opt/monitoring', services: [{ unit: 'web.service' }] }],
    ['two units', [unit('web.service', 'WorkingDirectory=/opt/monitoring'), unit('meter.service', 'WorkingDirectory=-/opt/monitoring/')], null, { installDir: '/opt/monitoring', services: [{ unit: 'web.service' }, { unit: 'meter.service' }] }],
    ['a unit of the present folder', [unit('x.service', 'WorkingDirectory=/srv/monitoring')], folder([]), { installDir: '/srv/monitoring', services: [{ unit: 'x.service' }] }],
    ['no unit: the start script', [], folder(['package.json'], { scripts: { start: 'node src/server.js' } }), { installDir: '/srv/monitoring', services: [{ name: 'monitoring', command: ['node', 'src/server.js'] }] }],
    ['a start script with more in it', [], folder(['package.json'], { scripts: { start: 'NODE_ENV=production node x && y' } }), { services: [{ command: ['npm', 'start'] }] }],
    ['main', [], folder(['package.json'], { main: 'lib/a.js' }), { services: [{ command: ['node', 'lib/a.js'] }] }],
    ['a well-known file', [], folder(['README.md', 'index.js']), { services: [{ command: ['node', 'index.js'] }] }],
    ['nothing', [], folder(['README.md']), { installDir: '/srv/monitoring', services: [] }],
    ['broken JSON', [], { path: '/srv/x', names: [], packageJson: '{' }, { services: [] }],
    ['odd JSON', [], folder([], { scripts: [], main: 7 }), { services: [] }],
    ['no folder', [], null, { installDir: null, services: [] }],
  ])('finds %s', (_name, units, at, expected) => {
    expect(suggestServices('monitoring', [...others, ...units], at)).toMatchObject(expected);
  });
  it('takes a folder of the system for nobody\'s', () => {
    expect(suggestServices('bin', [unit('cron.service', 'ExecStart=/usr/bin/cron')], folder([], null, '/')).services).toEqual([]);
  });
});
