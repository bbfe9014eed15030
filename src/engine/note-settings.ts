// Notices that the settings are not those of the last job, and writes down which sections changed: never a value.
import { createHash } from 'node:crypto';
import { PLAUSIBLE_SINCE } from '../domain/plausible-clock.js';
import type { Settings } from '../domain/settings.js';
import { changeDeviceState } from './device-state.js';
import type { EngineParts } from './parts.js';

const HASH_DIGITS = 16;
/** Said in other ways, or not of the settings file. */
const LEFT_OUT: ReadonlySet<string> = new Set(['warnings', 'proxy', 'file']);

/** The caller holds the lock. Never throws: a full disk must not keep what follows (an undo, perhaps) from being done. */
export function noteSettings(parts: EngineParts): void {
  try { noteChange(parts); } catch (thrown) {
    parts.log.warn('the settings of this job are not remembered', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

function noteChange({ fs, layout, audit, settings, clock }: EngineParts): void {
  const now = hashSections(settings);
  changeDeviceState(fs, layout, (state) => {
    const before = state.settings;
    const changed = Object.keys({ ...before, ...now }).filter((key) => before?.[key] !== now[key]);
    if (before === null) audit.note({ event: 'settings-changed', reason: 'the settings this log begins with', facts: { require: settings.trust.require, repo: settings.githubRepo } });
    else if (changed.length > 0) audit.note({ event: 'settings-changed', facts: { sections: changed.join(', ') } });
    // A device that never gets an answer is judged from its first job on.
    const began = clock.now().getTime() < PLAUSIBLE_SINCE ? null : clock.now().toISOString();
    return { ...state, settings: now, last_answer: state.last_answer ?? began };
  });
}

function hashSections(settings: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !LEFT_OUT.has(key)).map(([key, value]: [string, unknown]) => {
    const said = JSON.stringify(hideToken(key, value), hideToken);
    return [key, createHash('sha256').update(said ?? '').digest('hex').slice(0, HASH_DIGITS)];
  }));
}

/** Of the token only whether there is one, also in the settings of a component; nothing of a line that moved. */
const hideToken = (key: string, value: unknown): unknown => (key === 'githubToken' ? value !== null : key === 'where' ? undefined : value);
