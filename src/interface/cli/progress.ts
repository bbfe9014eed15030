// Shows a run's events on standard error: one moving line on a terminal, plain lines elsewhere.
import type { RunEvent } from '../../domain/results.js';
import { formatBytes, formatDuration } from './format.js';
import { paint, printable, type Terminal } from './terminal.js';

const PHASES = { download: 'downloading', stage: 'staging', backup: 'backing up', probation: 'watching', module: 'module' } as const;
/** Without a terminal, one line per this share of the whole: a log, not a film. */
const PLAIN_STEP = 0.25;

type Progress = Extract<RunEvent, { type: 'progress' }>;

function amount(value: number, unit: Progress['unit']): string {
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'percent') return `${value} %`;
  return unit === 'seconds' ? formatDuration(value * 1000) : `${value} files`;
}

export function progressLine(event: Progress, width: number): string {
  const label = PHASES[event.phase].padEnd(11);
  if (event.total === null || event.total <= 0) return `${label} ${amount(event.done, event.unit)}`;
  const share = Math.min(1, event.done / event.total);
  const room = Math.max(10, Math.min(30, width - 50));
  const filled = Math.round(share * room);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(room - filled)}]`;
  return `${label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${amount(event.done, event.unit)} of ${amount(event.total, event.unit)}`;
}

export interface ProgressView { show(event: RunEvent): void; end(): void }

export function createProgressView(terminal: Terminal): ProgressView {
  let moving = false;
  let lastPlain = { phase: '', share: -1 };
  const clear = (): void => { if (moving) { terminal.err('\r\u001b[2K'); moving = false; } };
  const plain = (event: Progress): void => {
    const share = event.total !== null && event.total > 0 ? event.done / event.total : 0;
    if (lastPlain.phase === event.phase && share < lastPlain.share + PLAIN_STEP && share < 1) return;
    if (lastPlain.phase === event.phase && lastPlain.share >= 1) return;
    lastPlain = { phase: event.phase, share };
    terminal.err(`${progressLine(event, terminal.columns)}\n`);
  };
  return {
    show(event) {
      if (event.type === 'progress') {
        if (!terminal.moving) { plain(event); return; }
        terminal.err(`\r\u001b[2K${progressLine(event, terminal.columns).slice(0, terminal.columns - 1)}`);
        moving = true;
        return;
      }
      clear();
      if (event.type === 'note') {
        terminal.err(`${paint(terminal, event.level === 'warn' ? 'yellow' : 'dim', event.level === 'warn' ? 'warning:' : 'note:')} ${printable(event.message)}\n`);
        return;
      }
      terminal.err(`${paint(terminal, 'cyan', event.state)}${event.detail === undefined ? '' : `: ${printable(event.detail)}`}\n`);
    },
    end: clear,
  };
}
