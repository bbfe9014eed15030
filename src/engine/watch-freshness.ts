// Says once when the device has heard nothing new for too long, and takes it back when it has.
import { judgeFreshness } from '../decide/judge-freshness.js';
import { changeDeviceState } from './device-state.js';
import type { EngineParts } from './parts.js';
import { peekVersion } from './read-device.js';

/** The caller holds the lock. Never throws: it is no reason to end a job differently. */
export function watchFreshness(parts: EngineParts): void {
  const { fs, layout, settings, clock } = parts;
  try {
    changeDeviceState(fs, layout, (state) => {
      const { alarm } = judgeFreshness(state, peekVersion(parts), settings.freshness.alarmAfter, clock.now());
      if (alarm === null) return { ...state, alarmed_at: null };
      if (state.alarmed_at !== null) return state;
      parts.log.warn(alarm, { last_answer: state.last_answer });
      parts.report({ type: 'note', level: 'warn', message: alarm });
      parts.audit.note({ event: 'freshness-alarm', reason: alarm });
      return { ...state, alarmed_at: clock.now().toISOString() };
    });
  } catch (thrown) {
    parts.log.warn('it could not be judged whether this device hears of new releases', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}
