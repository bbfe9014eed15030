// A logger that keeps what it was told.
import type { Logger } from '../../../src/domain/ports.js';

export function memoryLog(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (message: string): void => { lines.push(`${level} ${message}`); };
  return { lines, debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}
