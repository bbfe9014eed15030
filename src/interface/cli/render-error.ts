// An error as a person reads it and as JSON shows it (DESIGN 18).
import { HoldlineError, toHoldlineError } from '../../domain/errors.js';
import { paint, printable, type Terminal } from './terminal.js';

export interface ErrorJson {
  readonly outcome: 'failed';
  readonly code: string;
  readonly message: string;
  readonly where: { readonly file: string; readonly line: number; readonly column: number } | null;
  readonly hint: string | null;
}

export function errorJson(thrown: unknown): ErrorJson {
  const error = toHoldlineError(thrown);
  return { outcome: 'failed', code: error.code, message: error.message, where: error.where ?? null, hint: error.hint ?? null };
}

function reasons(thrown: unknown): string[] {
  const lines: string[] = [];
  let cause = thrown instanceof Error ? thrown.cause : undefined;
  while (cause instanceof Error && lines.length < 3) { lines.push(cause.message); cause = cause.cause; }
  return lines;
}

export function renderError(terminal: Terminal, thrown: unknown): string {
  const error = toHoldlineError(thrown);
  const place = error.where === undefined ? '' : `${error.where.file}:${error.where.line}:${error.where.column}: `;
  const lines = [`${paint(terminal, 'red', 'error:')} ${place}${printable(error.message)} ${paint(terminal, 'dim', `[${error.code}]`)}`];
  for (const reason of reasons(error)) if (!error.message.includes(reason)) lines.push(`  because: ${printable(reason)}`);
  if (error.hint !== undefined) lines.push(`  ${paint(terminal, 'bold', 'what to do:')} ${printable(error.hint)}`);
  if (error instanceof HoldlineError && error.code === 'internal' && error.cause instanceof Error) lines.push(`  ${paint(terminal, 'dim', error.cause.stack ?? '')}`);
  return `${lines.join('\n')}\n`;
}
