// Keys and audit lines for people.
import type { AuditEntry, AuditReport } from '../../domain/audit.js';
import type { KeysReport, KeyStatus } from '../../domain/keys.js';
import { formatTable } from './format.js';
import { paint, printable, type Paint, type Terminal } from './terminal.js';

const KEY_COLOUR: Readonly<Record<KeyStatus, Paint>> = { trusted: 'green', spare: 'cyan', 'not-yet': 'yellow', expired: 'yellow', revoked: 'red' };

export function renderKeys(terminal: Terminal, report: KeysReport): string {
  const head = report.require === 'signature' ? '' : `${paint(terminal, 'yellow', `trust.require is ${report.require}: no signature is asked for`)}\n`;
  if (report.keys.length === 0) return `${head}no key is pinned: put the publisher's public key under trust.keys in the settings\n`;
  const keys = report.keys.map((key) => `${paint(terminal, KEY_COLOUR[key.status], key.status.padEnd(7))}  ${printable(key.name)}  ${paint(terminal, 'dim', key.key_id)}\n         ${printable(key.why)}${spanOf(key)}\n`);
  const statements = report.statements.map((one) => [
    `statement ${one.serial}`, one.at.slice(0, 10), `with ${printable(one.tag)}`, one.note === null ? `vouched for by ${printable(one.vouched_by.join(', '))}` : printable(one.note),
  ]);
  return `${head}${keys.join('')}${statements.length === 0 ? '' : `\n${paint(terminal, 'bold', 'changes of keys')}\n${formatTable(statements, '  ')}`}`;
}

function spanOf({ not_before: from, not_after: until }: { readonly not_before: string | null; readonly not_after: string | null }): string {
  return `${from === null ? '' : `; from ${from.slice(0, 10)}`}${until === null ? '' : `; until ${until.slice(0, 10)}`}`;
}

export function renderAudit(terminal: Terminal, report: AuditReport, judged: boolean): string {
  const table = formatTable(report.entries.map((entry) => [`${entry.at.slice(0, 19).replace('T', ' ')} UTC`, printable(entry.actor), entry.event, describe(entry)]));
  const verdict = report.damage.length === 0
    ? judged ? `${paint(terminal, 'green', 'whole')}: ${report.lines} lines, each follows from the one before\n` : ''
    : `${paint(terminal, 'red', 'DAMAGED')}: the log is not as it was written\n${report.damage.map((line) => `  ${paint(terminal, 'red', printable(line))}\n`).join('')}`;
  return `${report.entries.length === 0 ? 'nothing is in the log\n' : table}${verdict}`;
}

function describe({ reason, facts }: AuditEntry): string {
  const told = Object.entries(facts).filter(([key, value]) => value !== null && key !== 'previous').map(([key, value]) => `${key}=${String(value)}`);
  return printable([...(reason === null ? [] : [reason]), ...told].join(' · '));
}
