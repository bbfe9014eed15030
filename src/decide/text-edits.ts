// Edits of a text at offsets, and the indentation they need.
import { Unmergeable } from './config-document.js';

export interface Edit { readonly start: number; readonly end: number; readonly text: string }

/** Applies the edits between two offsets; insertions at one offset keep their order. Overlapping edits are refused. */
export function applyEdits(text: string, edits: readonly Edit[], start = 0, end = text.length): string {
  let result = '';
  let at = start;
  // Array.sort is stable: at the same place, an inner edit stays before the outer one that follows it.
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start < at || edit.end > end) throw new Unmergeable('two changes touch the same text');
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at, end);
}

export const lineStart = (text: string, offset: number): number => (offset <= 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1);

/** After the newline that ends the line holding the character before `offset`. */
export function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline + 1;
}

/** Leading blanks of the line that holds the offset. */
export function indentAt(text: string, offset: number): string {
  const start = lineStart(text, offset);
  return /^[ \t]*/u.exec(text.slice(start, start + 256))?.[0] ?? '';
}

export interface Indentation {
  readonly base: string;
  /** One level; empty where levels are taken over as they are (YAML, whose block scalars count blanks). */
  readonly unit: string;
}

/** Moves all lines but the first from one indentation to another. */
export function reindent(text: string, from: Indentation, to: Indentation): string {
  const [first = '', ...lines] = text.split('\n');
  return [first, ...lines.map((line) => reindentLine(line, from, to))].join('\n');
}

export function reindentLine(line: string, from: Indentation, to: Indentation): string {
  if (line.trim() === '') return '';
  if (!line.startsWith(from.base)) throw new Unmergeable('a line is indented less than its key');
  const rest = line.slice(from.base.length);
  if (from.unit === '' || to.unit === '') return to.base + rest;
  const blanks = /^[ \t]*/u.exec(rest)?.[0] ?? '';
  const levels = blanks.length / from.unit.length;
  const deeper = Number.isInteger(levels) && blanks === from.unit.repeat(levels) ? to.unit.repeat(levels) : blanks;
  return to.base + deeper + rest.slice(blanks.length);
}
