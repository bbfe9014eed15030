// `--status` for people: what runs, what is newer, what waits, and whether all is well.
import type { RolloutStatus, StatusReport } from '../../domain/results.js';
import { describeComponent } from './render-components.js';
import { holdRows } from './render-policy.js';
import { formatBytes, formatTable, formatWhen } from './format.js';
import { paint, printable, type Paint, type Terminal } from './terminal.js';

function headline(status: StatusReport): readonly [Paint, string] {
  if (status.state === 'broken') return ['red', 'BROKEN: a person is needed'];
  // It is there to be installed, by whoever says so.
  if (status.waiting?.reason === 'approval') return ['cyan', 'update available, waits for approval'];
  if (status.waiting !== null) return ['yellow', `waiting (${status.waiting.reason})`];
  if (status.update_available) return ['cyan', 'update available'];
  if (status.freshness.alarm !== null) return ['red', 'hears no news'];
  if (status.current_version === null && status.components === null) return ['yellow', 'nothing installed yet'];
  if (status.state !== 'idle' && status.state !== 'current') return ['cyan', status.state];
  if (status.components !== null) return ['green', 'up to date'];
  return status.latest_version === null ? ['green', 'running, no release seen yet'] : ['green', 'up to date'];
}

function facts(status: StatusReport, now: number): string[][] {
  const rows = [
    ...(status.components === null ? [['running', status.current_version ?? 'nothing installed'], ['newest', status.latest_version ?? 'unknown: no check yet']] : []),
    ['last check', formatWhen(status.last_check, now)],
    ['last update', formatWhen(status.last_update, now)],
    ['daemon', status.daemon.running ? `running (pid ${status.daemon.pid ?? '?'})` : 'not running: updates happen only by hand or timer'],
  ];
  const limit = status.rate_limit;
  rows.push(['requests today', `${status.requests_today}${limit === null ? '' : `, ${limit.remaining} of ${limit.limit} left until ${limit.resetsAt.slice(11, 16)} UTC`}`]);
  if (status.waiting !== null) rows.push(['waits', `${printable(status.waiting.detail)}${status.waiting.until === null ? '' : `, until ${formatWhen(status.waiting.until, now)}`}`]);
  rows.push(...rolloutFacts(status.rollout));
  if (status.holds.alarm !== null) rows.push(['ALARM', printable(status.holds.alarm)]);
  if (status.freshness.alarm !== null) rows.push(['ALARM', printable(status.freshness.alarm)]);
  if (status.freshness.expires !== null) rows.push(['expires', `${formatWhen(status.freshness.expires, now)}: a newer release should come before`]);
  if (status.last_error !== null) rows.push(['last error', `${printable(status.last_error.message)} [${status.last_error.code}], ${formatWhen(status.last_error.at, now)}`]);
  return rows;
}

function rolloutFacts({ device_id: id, group, group_from: from, channel, statement, problem }: RolloutStatus): string[][] {
  const rows = group === null ? [] : [['group', `${printable(group)} (${from === 'settings' ? 'by the settings' : 'by percentage'}), channel ${channel}`]];
  if (statement !== null) {
    const state = statement.withdrawn.includes(statement.version) ? 'withdrawn' : statement.paused ? 'paused' : `at ${statement.percent} %`;
    rows.push(['rollout', printable(`${statement.serial}: ${statement.version} ${state}${statement.place === null ? '' : `, this device at ${statement.place} %`}${id === null ? '' : ` (${id})`}`)]);
  }
  return problem === null ? rows : [...rows, ['rollout', printable(problem)]];
}

function section(terminal: Terminal, title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `\n${paint(terminal, 'bold', title)}\n${formatTable(rows, '  ')}`;
}

export function renderStatus(terminal: Terminal, status: StatusReport): string {
  const now = terminal.now();
  const [colour, text] = headline(status);
  const services = status.services.map((s) => [
    s.name, s.kind === 'hardware' ? 'hardware' : 'service', s.active ? paint(terminal, 'green', 'active') : paint(terminal, 'red', 'not active'),
    s.pid === null ? '' : `pid ${s.pid}`, s.since === null ? printable(s.detail ?? '') : `since ${formatWhen(s.since, now)}${s.restarts > 0 ? `, ${s.restarts} restarts` : ''}`,
  ]);
  const bridges = status.bridge.map((b) => [b.name, b.attached ? 'attached' : paint(terminal, 'red', 'not attached'), b.reading ? 'reading' : 'not reading', printable(b.detail)]);
  return [
    `${paint(terminal, 'bold', status.app)}  ${paint(terminal, colour, text)}  ${paint(terminal, 'dim', status.install_dir)}\n\n`,
    formatTable(facts(status, now), '  '),
    section(terminal, 'components', (status.components ?? []).map((component) => describeComponent(terminal, component))),
    section(terminal, 'services', services),
    section(terminal, 'bridges', bridges),
    section(terminal, 'holds', holdRows(status.holds.standing, now)),
    section(terminal, 'approvals', status.approvals.map((a) => [a.version, a.verdict, `by ${printable(a.by)}`, formatWhen(a.at, now), printable(a.reason ?? '')])),
    section(terminal, 'backups', status.backups.map((b) => [b.name, b.version, formatBytes(b.bytes)])),
    section(terminal, 'blocked versions', status.blocked.map((b) => [b.version, printable(b.reason), formatWhen(b.at, now)])),
  ].join('');
}
