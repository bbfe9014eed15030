// What the device remembers between runs: read tolerantly, written durably as a whole.
import { HoldlineError, errnoOf } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import { stateFile, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import { EMPTY_STATE, type DeviceState } from '../domain/state.js';

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseState(text: string): DeviceState | undefined {
  let value: unknown;
  try { value = JSON.parse(text); } catch { return undefined; }
  if (!isRecord(value) || value['format'] !== 1 || !Array.isArray(value['blocked'])) return undefined;
  if (!isRecord(value['interrupted']) || !isRecord(value['incomplete_since'])) return undefined;
  if ('seen' in value && !isRecord(value['seen'])) return undefined;
  if ('older_processes' in value && !isRecord(value['older_processes'])) return undefined;
  const floor = value['highest_version'];
  if (floor !== null && typeof floor !== 'string') return undefined;
  return { ...EMPTY_STATE, ...value, format: 1 };
}

/**
 * The remembered state; empty where there is none yet.
 * @throws HoldlineError `recovery-failed` when the file cannot be understood: its version floor is not given up silently
 */
export function readDeviceState(fs: Filesystem, layout: Layout): DeviceState {
  const path = stateFile(layout);
  let text: string;
  try { text = fs.readText(path); } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return EMPTY_STATE;
    throw new HoldlineError('permission', `cannot read what this device remembers: ${path}`, { cause: error, hint: 'Run holdline as the user its service runs as (or with sudo).' });
  }
  const state = parseState(text);
  if (state !== undefined) return state;
  throw new HoldlineError('recovery-failed', `cannot understand ${path}: it was not written by holdline; nothing is updated, the app is left running`, {
    hint: `Look at the file; move it aside (mv ${path} ${path}.damaged) to start anew: blocked versions and the version floor are then forgotten.`,
  });
}

export function writeDeviceState(fs: Filesystem, layout: Layout, state: DeviceState): void {
  try {
    fs.makeDirectory(layout.stateDir, 0o750);
    fs.writeDurably(stateFile(layout), `${JSON.stringify(state, undefined, 1)}\n`, 0o644);
  } catch (thrown) { throw explainFsError(thrown, `remember how this device stands in ${layout.stateDir}`); }
}

/** Reads, changes, writes; the caller holds the lock. */
export function changeDeviceState(fs: Filesystem, layout: Layout, change: (state: DeviceState) => DeviceState): DeviceState {
  const before = readDeviceState(fs, layout);
  const after = change(before);
  if (JSON.stringify(after) !== JSON.stringify(before)) writeDeviceState(fs, layout, after);
  return after;
}

