// How a program's end and output are put into words, for probes and modules alike. Pure.
import type { RunResult } from './ports.js';

const LAST_LINES = 3;

/** One line, printable, bounded: it ends up in the journal, in messages and on terminals. */
export function toOneLine(text: string, maxCharacters = 500): string {
  const line = text.replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters - 1)}…` : line;
}

/** @param timeout seconds */
export function describeEnd({ code, signal, timedOut }: RunResult, timeout: number): string {
  if (timedOut) return `no end within ${timeout} s`;
  return signal === null ? `exit code ${String(code)}` : `killed by ${signal}`;
}

/** The last lines that say something, of both streams. */
export function lastLines({ stdout, stderr }: RunResult, clean = (line: string): string => line.trim()): readonly string[] {
  return `${stdout}\n${stderr}`.split('\n').map((line) => clean(line)).filter((line) => line !== '').slice(-LAST_LINES);
}
