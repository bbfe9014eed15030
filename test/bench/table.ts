// The table the bench prints: one row per figure, with its aim where issue or DESIGN state one.
import { median } from './samples.js';

export interface Row {
  readonly what: string;
  readonly ours: string;
  /** What it is compared with; empty where it stands for itself. */
  readonly peer: string;
  readonly ratio: string;
  readonly aim: string;
  /** Undefined: there is no aim. */
  readonly met?: boolean | undefined;
}

export interface Aim { readonly text: string; readonly most: number }

const HEAD: Row = { what: 'figure', ours: 'holdline', peer: 'compared with', ratio: 'ratio', aim: 'aim' };

/** Samples against a peer's, taken in turns in this run. */
export function ratioRow(what: string, ours: readonly number[], peer: readonly number[], unit: string, aim?: Aim): Row {
  const ratio = median(ours) / median(peer);
  return {
    what, ours: spread(ours, unit), peer: spread(peer, unit), ratio: `${ratio.toFixed(2)}x`,
    aim: aim === undefined ? '' : `${aim.text}`, met: aim === undefined ? undefined : ratio <= aim.most,
  };
}

/** A figure with a limit of its own. */
export function figureRow(what: string, samples: readonly number[], unit: string, aim?: Aim): Row {
  return { what, ours: spread(samples, unit), peer: '', ratio: '', aim: aim?.text ?? '', met: aim === undefined ? undefined : median(samples) <= aim.most };
}

/** `median (min-max) unit` */
export function spread(samples: readonly number[], unit: string): string {
  const show = (value: number): string => (Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(1) : value.toFixed(0));
  const range = samples.length < 2 ? '' : ` (${show(Math.min(...samples))}-${show(Math.max(...samples))})`;
  return `${show(median(samples))}${range} ${unit}`;
}

export function renderTable(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows].map((row, index) => [row.what, row.ours, row.peer, row.ratio, row.aim, index === 0 ? '' : verdict(row)]);
  const widths = cells[0]?.map((_cell, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = cells.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(Math.max(width, 1))).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

const verdict = ({ met }: Row): string => (met === undefined ? '' : met ? 'met' : 'missed');
