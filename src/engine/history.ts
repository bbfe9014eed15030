// What happened on this device: one JSON line per ended transaction. Lost lines cost knowledge, never safety.
import { errnoOf } from '../domain/errors.js';
import { historyFile, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import type { HistoryEntry } from '../domain/results.js';

/** Older entries are dropped when the file is written anew. */
const MAX_ENTRIES = 1000;

function isEntry(value: unknown): value is HistoryEntry {
  return typeof value === 'object' && value !== null && 'at' in value && 'to' in value && 'outcome' in value && 'transaction' in value;
}

function readAll(fs: Filesystem, layout: Layout): HistoryEntry[] {
  let text: string;
  try { text = fs.readText(historyFile(layout)); } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
  const entries: HistoryEntry[] = [];
  for (const line of text.split('\n')) {
    try { const value: unknown = JSON.parse(line); if (isEntry(value)) entries.push(value); } catch { /* a torn line: the rest still tells */ }
  }
  return entries;
}

/** Newest first. */
export function readHistory(fs: Filesystem, layout: Layout, limit: number): HistoryEntry[] {
  return readAll(fs, layout).slice(-limit).reverse();
}

/** Idempotent: the same transaction is written once, also when a crash made the books be closed twice. */
export function appendHistory(fs: Filesystem, layout: Layout, entry: HistoryEntry): void {
  const entries = readAll(fs, layout);
  if (entries.some((e) => e.transaction === entry.transaction)) return;
  writeAll(fs, layout, [...entries, entry].slice(-MAX_ENTRIES));
}

/** @returns those that were not there yet */
export function addWarnings(fs: Filesystem, layout: Layout, transaction: string, warnings: readonly string[]): readonly string[] {
  if (warnings.length === 0) return [];
  const entries = readAll(fs, layout);
  const known = entries.find((entry) => entry.transaction === transaction)?.warnings ?? [];
  const added = warnings.filter((warning) => !known.includes(warning));
  if (added.length > 0) writeAll(fs, layout, entries.map((entry) => (entry.transaction === transaction ? { ...entry, warnings: [...known, ...added] } : entry)));
  return added;
}

function writeAll(fs: Filesystem, layout: Layout, entries: readonly HistoryEntry[]): void {
  fs.writeDurably(historyFile(layout), entries.map((e) => `${JSON.stringify(e)}\n`).join(''), 0o644);
}
