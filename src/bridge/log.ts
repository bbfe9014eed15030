// One line per event on stderr, for the journal or a terminal.
import { writeSync } from 'node:fs';

export type Log = (level: 'info' | 'warn', message: string, fields?: Readonly<Record<string, unknown>>) => void;

const STDERR = 2;

export function createLog(name: string, env: Readonly<Record<string, string | undefined>>): Log {
  // The journal reads the level from this prefix.
  const prefix = env['JOURNAL_STREAM'] === undefined ? { info: '', warn: 'warning: ' } : { info: '<6>', warn: '<4>' };
  return (level, message, fields = {}) => {
    const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('');
    try {
      writeSync(STDERR, `${prefix[level]}bridge ${name}: ${message}${pairs}\n`);
    } catch {
      // Nobody reads our words; the bytes of the line matter more.
    }
  };
}
