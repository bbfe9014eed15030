// Components and their versions, for people.
import type { ComponentStatus, ComponentVersions } from '../../domain/results.js';
import { formatTable } from './format.js';
import { paint, printable, type Terminal } from './terminal.js';

/** One row of the status. */
export function describeComponent(terminal: Terminal, status: ComponentStatus): string[] {
  const news = status.update_available ? paint(terminal, 'cyan', `${status.latest_version ?? '?'} available`) : status.latest_version === null ? 'no release seen yet' : '';
  const facts = [
    ...(status.enabled ? [] : ['not enabled']), ...(status.state === 'broken' ? [paint(terminal, 'red', 'BROKEN')] : []), ...(status.pin === null ? [] : [`pinned to ${status.pin}`]),
    ...(status.together.length === 0 ? [] : [`moves with ${status.together.join(', ')}`]), ...(status.waiting === null ? [] : [`waits: ${printable(status.waiting.detail)}`]),
    ...(status.last_safe_version === null || status.last_safe_version === status.version ? [] : [`last safe: ${status.last_safe_version}`]),
  ];
  return [status.component, status.version ?? 'nothing installed', news, facts.join('; ')];
}

export function renderVersions(terminal: Terminal, components: readonly ComponentVersions[]): string {
  return components.map(({ component, versions }) => {
    const rows = versions.map((one) => [
      one.running ? paint(terminal, 'green', one.version) : one.version,
      [...(one.running ? ['runs'] : []), ...(one.kept && !one.running ? ['kept here'] : []), ...one.backups, ...(one.tag === null ? [] : [`${one.tag}, ${(one.published_at ?? '').slice(0, 10)}`])].map((text) => printable(text)).join('; '),
      one.blocked === null ? '' : paint(terminal, 'yellow', `blocked: ${printable(one.blocked)}`),
    ]);
    return `${component === null ? '' : `${paint(terminal, 'bold', component)}\n`}${rows.length === 0 ? 'no versions yet\n' : formatTable(rows, component === null ? '' : '  ')}`;
  }).join('');
}
