// The log of a run by hand: warnings and errors as lines on standard error; more only when the settings ask for it.
import type { Logger } from '../../domain/ports.js';
import type { Settings } from '../../domain/settings.js';
import { printable, type Terminal } from '../../interface/cli/terminal.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
type Level = 'debug' | 'info' | 'warn' | 'error';

export function terminalLog(terminal: Terminal, wanted: Settings['logLevel']): Logger {
  // A person sees the run's own states and notes; `info` lines of the log would tell them twice.
  const least = Math.max(LEVELS.indexOf(wanted), wanted === 'info' ? LEVELS.indexOf('warn') : 0);
  const at = (level: Level) => (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    if (LEVELS.indexOf(level) < least) return;
    const facts = Object.entries(fields).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`).join(' ');
    terminal.err(`${level}: ${printable(message)}${facts === '' ? '' : ` (${printable(facts)})`}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
