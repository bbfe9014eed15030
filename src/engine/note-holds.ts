// Tells the audit log of holds that were taken and ended, and takes the files of ended ones away. Whoever has the lock does it: a hold
// itself waits for nobody. Also raises the alarm when holds keep an update away for too long.
import { join } from 'node:path';
import { endOfHold, judgeHeld } from '../decide/judge-holds.js';
import type { AuditFacts } from '../domain/audit.js';
import { toHoldlineError } from '../domain/errors.js';
import type { Hold } from '../domain/holds.js';
import { holdsDir, type Layout } from '../domain/layout.js';
import { changeDeviceState } from './device-state.js';
import { readHolds, type HoldFile } from './hold-files.js';
import { momentOf, readStandingHolds } from './look-at-holds.js';
import type { EngineParts } from './parts.js';

export type NotingParts = Pick<EngineParts, 'fs' | 'layout' | 'clock' | 'holdWorld' | 'audit' | 'log'>;

/** The caller holds the lock. Never throws: the log of holds must not keep a job from its work. */
export function noteHolds(parts: NotingParts): void {
  try {
    const files = readHolds(parts);
    const told = readTold(parts);
    if (files.length === 0 && told.size === 0) return;
    const moment = momentOf(parts);
    const ended = files.filter(({ hold }) => endOfHold(hold, moment) !== null);
    for (const one of files) if (!told.has(nameOf(one))) parts.audit.note({ event: 'hold-taken', reason: one.hold.reason, facts: factsOf(one.hold) });
    for (const { hold } of ended) parts.audit.note({ event: 'hold-released', reason: hold.ended?.reason ?? endOfHold(hold, moment), facts: { id: hold.id, owner: hold.owner, by: hold.ended?.by ?? null, forced: hold.ended?.forced ?? false, at: hold.ended?.at ?? null } });
    for (const { file } of ended) parts.fs.remove(file);
    const left = files.filter((one) => !ended.includes(one)).map(nameOf);
    if (left.length !== told.size || left.some((name) => !told.has(name))) parts.fs.writeDurably(toldFile(parts.layout), `${JSON.stringify(left)}\n`);
  } catch (thrown) {
    parts.log.warn('what became of holds is not told to the audit log now; the next job does it', { reason: toHoldlineError(thrown).message });
  }
}

const nameOf = ({ file }: HoldFile): string => file.slice(file.lastIndexOf('/') + 1);
const factsOf = ({ id, owner, by, taken_at: at, until, process }: Hold): AuditFacts => ({ id, owner, by, at, until, pid: process?.pid ?? null });
/** Files the audit log knows of. Beside the holds, since all components of an app share both. */
const toldFile = (layout: Pick<Layout, 'sharedDir'>): string => join(holdsDir(layout), 'told');

function readTold({ fs, layout }: NotingParts): ReadonlySet<string> {
  try {
    const value: unknown = JSON.parse(fs.readText(toldFile(layout)));
    return new Set(Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []);
  } catch { return new Set(); }
}

/** Says once that holds keep an update away for too long. The caller holds the lock. Never throws. */
export function watchHeld(parts: EngineParts): void {
  const { fs, layout, settings, clock } = parts;
  try {
    changeDeviceState(fs, layout, (state) => {
      if (state.held_since === null) return { ...state, hold_alarmed_at: null };
      const alarm = judgeHeld(state.held_since, settings.holds.limit, clock.now(), readStandingHolds(parts));
      if (alarm === null || state.hold_alarmed_at !== null) return state;
      parts.log.error(alarm, { held_since: state.held_since });
      parts.report({ type: 'note', level: 'warn', message: alarm });
      parts.audit.note({ event: 'hold-alarm', reason: alarm });
      return { ...state, hold_alarmed_at: clock.now().toISOString() };
    });
  } catch (thrown) {
    parts.log.warn('it could not be judged for how long holds keep an update away', { reason: toHoldlineError(thrown).message });
  }
}
