// May a process that outlived its supervisor go on, although it was started from a version that is not the current one? Yes where no
// update since has touched it. Light: the resident daemon asks it at its start.
import { isStill } from '../decide/older-processes.js';
import type { BeginRecord } from '../domain/journal.js';
import { currentLinkTarget, journalDirs, recordDir, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';
import type { LeftProcess } from '../domain/service-host.js';
import { readRecord } from '../steps/records.js';
import { readDeviceState } from './device-state.js';
import { findUnfinished } from './journal.js';
import { readLeftAlone } from './read-left-alone.js';

export function acceptsProcess(fs: Filesystem, layout: Layout, left: LeftProcess): boolean {
  try {
    const older = readDeviceState(fs, layout).older_processes[left.service];
    if (older !== undefined && (isStill(older, left.pid, left.bootId) || (older.pid === null && isFrom(fs, layout, left, older.directory)))) return !isTouched(fs, layout, left);
    // The books of an update that is on probation are not closed yet: its plan says whom it has touched.
    const begin = openBegin(fs, layout);
    const from = begin?.members === undefined ? begin?.plan.from : begin.members.find(({ install_dir: place }) => place === layout.installDir)?.from;
    return from !== undefined && from !== null && isFrom(fs, layout, left, from.directory) && !isTouched(fs, layout, left);
  } catch {
    return false; // restarted from what is current: always right, only not without a pause
  }
}

const openBegin = (fs: Filesystem, layout: Layout): BeginRecord | undefined => journalDirs(layout).flatMap((directory) => findUnfinished(fs, directory))
  .find(({ summary }) => summary.state === 'probing' || summary.state === 'committed')?.summary.begin;

function isTouched(fs: Filesystem, layout: Layout, { service }: LeftProcess): boolean {
  const plan = openBegin(fs, layout)?.plan;
  return plan?.services.includes(service) === true && !readLeftAlone(fs, plan).has(service);
}

/** What was started from a plain folder runs from what that folder became. */
function isFrom(fs: Filesystem, layout: Layout, { generation }: LeftProcess, directory: string): boolean {
  if (generation === currentLinkTarget(directory)) return true;
  return generation === PLAIN_GENERATION && readRecord(fs, recordDir(layout, directory))?.origin === 'adopted';
}

/** The generation of what is started where nothing is adopted yet. */
export const PLAIN_GENERATION = 'plain';
