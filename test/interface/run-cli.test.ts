import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { CheckResult, StatusReport, UpdateResult } from '../../src/domain/results.js';
import type { App, Tools } from '../../src/interface/app.js';
import { runCli } from '../../src/interface/cli/run-cli.js';

const NOW = Date.parse('2026-11-21T09:30:00Z');
const CHECK: CheckResult = { outcome: 'available', current_version: '1.0.0', latest_version: '1.1.0', update_available: true, waiting: null, release: { tag: 'v1.1.0', type: 'minor', published_at: '2026-11-20T00:00:00Z', url: 'http://x/', size: 1536 } };
const UPDATE: UpdateResult = { outcome: 'updated', from: '1.0.0', to: '1.1.0', reason: null, code: null, downtime_ms: 420, duration_ms: 5000, bytes_downloaded: 1536, bytes_written: 100, restarted: ['web'], reloaded: [], config_conflicts: [{ path: 'config/a.yaml', key: 'x', written_as: 'config/a.yaml.new' }] };
const STATUS: StatusReport = {
  app: 'monitoring', install_dir: '/opt/monitoring', current_version: '1.0.0', latest_version: '1.1.0', update_available: true, state: 'idle', waiting: null, last_check: '2026-11-21T09:00:00Z',
  last_update: null, last_error: null, blocked: [{ version: '1.2.0', reason: 'probe "http" failed\u001b[2J', at: '2026-11-20T00:00:00Z' }], backups: [], services: [], bridge: [], requests_today: 4, freshness: { alarm: null, last_answer: null, expires: null }, rate_limit: null, holds: { standing: [], since: null, alarm: null }, approvals: [], rollout: { device_id: 'd1', group: null, group_from: null, channel: 'stable', follow: true, statement: null, problem: null }, daemon: { running: false, pid: null }, components: null,
};

function fakeApp(over: Partial<App>): App {
  const no = (): never => { throw new Error('not asked for'); };
  return { check: no, update: no, adopt: no, rollback: no, status: no, history: no, backups: no, versions: no, verify: no, recover: no, unblock: no, doctor: no, keys: no, audit: no, hold: no, holds: no, releaseHold: no, approve: no, explain: no, ...over };
}

async function call(argv: string[], over: Partial<App> = {}): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const terminal = { out: (t: string) => { out += t; }, err: (t: string) => { err += t; }, moving: false, colour: false, columns: 80, now: () => NOW };
  const code = await runCli(argv, { version: '9.9.9', terminal, endProgress: () => undefined, app: async () => fakeApp(over), tools: async (): Promise<Tools> => { throw new Error('no tools'); } });
  return { code, out, err };
}

describe('runCli', () => {
  it.each<readonly [string, string[], Partial<App>, number]>([
    ['check', ['--check'], { check: async () => CHECK }, 0],
    ['check --exit-code with an update', ['--check', '--exit-code'], { check: async () => CHECK }, 10],
    ['check --exit-code without one', ['--check', '--exit-code'], { check: async () => ({ ...CHECK, outcome: 'current', update_available: false, release: null }) }, 0],
    ['updated', ['--update'], { update: async () => UPDATE }, 0],
    ['current', ['--update'], { update: async () => ({ ...UPDATE, outcome: 'current' }) }, 0],
    ['rolled back by itself', ['--update'], { update: async () => ({ ...UPDATE, outcome: 'rolled_back', code: 'health-failed' }) }, 20],
    ['broken', ['--update'], { update: async () => ({ ...UPDATE, outcome: 'broken', code: 'broken' }) }, 21],
    ['waiting', ['--update'], { update: async () => ({ ...UPDATE, outcome: 'waiting', code: 'clock' }) }, 75],
    ['failed before the switch', ['--update'], { update: async () => ({ ...UPDATE, outcome: 'failed', code: 'step-failed' }) }, 1],
    ['a refused artifact', ['--update'], { update: async () => { throw new HoldlineError('signature-invalid', 'cannot trust it'); } }, 1],
    ['a step that failed before the switch, thrown', ['--update'], { update: async () => { throw new HoldlineError('step-failed', 'cannot stage'); } }, 1],
    ['busy', ['--update'], { update: async () => { throw new HoldlineError('busy', 'cannot begin: busy'); } }, 75],
    ['rollback by hand', ['rollback'], { rollback: async () => ({ ...UPDATE, outcome: 'rolled_back', code: null }) }, 0],
    ['rollback that failed its probes', ['rollback'], { rollback: async () => ({ ...UPDATE, outcome: 'rolled_back', code: 'health-failed' }) }, 20],
    ['status', ['--status'], { status: async () => STATUS }, 0],
    ['status when broken', ['--status'], { status: async () => ({ ...STATUS, state: 'broken' }) }, 21],
    ['settings error', ['--check'], { check: async () => { throw new HoldlineError('settings-invalid', 'cannot use the settings', { where: { file: 'a.yaml', line: 3, column: 7 } }); } }, 2],
    ['verify with damage', ['verify'], { verify: async () => [{ subject: 'tree', ok: false, files: 2, damage: ['src/a changed'], edited: [] }] }, 1],
    ['recover broken', ['recover'], { recover: async () => ({ outcome: 'broken', actions: [] }) }, 21],
  ])('%s: exit code', async (_name, argv, over, wanted) => {
    expect((await call(argv, over)).code).toBe(wanted);
  });

  it('prints one JSON object on stdout, and nothing else there', async () => {
    const { out } = await call(['--json', '--update'], { update: async () => UPDATE });
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toEqual(UPDATE);
  });

  it('prints an error as JSON with its place', async () => {
    const { out, err } = await call(['--check', '--json'], { check: async () => { throw new HoldlineError('settings-invalid', 'cannot use x', { where: { file: 'a.yaml', line: 3, column: 7 }, hint: 'Did you mean y?' }); } });
    expect(JSON.parse(out)).toEqual({ outcome: 'failed', code: 'settings-invalid', message: 'cannot use x', where: { file: 'a.yaml', line: 3, column: 7 }, hint: 'Did you mean y?' });
    expect(err).toBe('');
  });

  it('suggests the command and the option that were meant', async () => {
    const command = await call(['statsu']);
    expect(command.code).toBe(2);
    expect(command.err).toContain('status');
    const option = await call(['--chek']);
    expect(option.code).toBe(2);
    expect(option.err).toMatch(/--check/u);
  });

  it('lets no control character of a reason reach the terminal', async () => {
    const { out } = await call(['--status'], { status: async () => STATUS });
    expect(out).not.toContain('\u001b');
    expect(out).toContain('1.2.0');
  });

  it('tells what a hook could not do, in the answer and in the history, and no control character of it', async () => {
    const warnings = ['cannot finish the hook after_commit of app: it failed (exit code 3: \u001b[31mno room)'];
    const entry = { at: new Date(NOW).toISOString(), transaction: 't', kind: 'update', outcome: 'committed', from: '1.0.0', to: '1.1.0', reason: null, actor: 'x', downtime_ms: null, duration_ms: 1, bytes_downloaded: 0, bytes_written: 0, warnings } as const;
    const answer = await call(['--update'], { update: async () => ({ ...UPDATE, warnings }) });
    const history = await call(['history'], { history: async () => [entry] });
    for (const { out } of [answer, history]) {
      expect(out).toContain('cannot finish the hook after_commit of app');
      expect(out).not.toContain('\u001b');
    }
    expect(answer.out).toContain('warning: ');
  });

  it('teaches in --help and prints its version', async () => {
    const help = await call(['--help']);
    expect(help.code).toBe(0);
    for (const word of ['--check', 'rollback', 'publish', 'Exit codes', 'Examples']) expect(help.out).toContain(word);
    expect((await call(['--version'])).out.trim()).toBe('9.9.9');
    expect((await call(['--update', '--help'])).out).toContain('--from');
  });

  it('says what to do when called with nothing', async () => {
    const { code, out, err } = await call([]);
    expect(code).toBe(2);
    expect(out + err).toContain('--help');
  });
});
