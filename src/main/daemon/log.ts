// The daemon's log: pino's JSON lines on standard output, the token never in them.
import pino from 'pino';
import type { Logger } from '../../domain/ports.js';
import type { Settings } from '../../domain/settings.js';
import { redact } from '../../settings/redact.js';

type Level = 'debug' | 'info' | 'warn' | 'error';

export function createLog(settings: Settings): Logger {
  // Synchronous: the last line before a crash is the one that matters. Times are readable, not numbers: people read these at night.
  const destination = pino.destination({ dest: 1, sync: true });
  const logger = pino({ level: settings.logLevel, base: { app: settings.app }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, {
    write: (line: string) => { destination.write(redact(line, settings)); },
  });
  const at = (level: Level) => (message: string, fields: Readonly<Record<string, unknown>> = {}): void => { logger[level](fields, message); };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
