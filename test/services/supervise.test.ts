import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { decideSupervision, MAX_DELAY_MS, restartDelayMs, STABLE_RUN_MS, STOPPED, type Phase, type Supervised, type SuperviseEvent } from '../../src/services/supervise.js';

const at = (phase: Phase, restarts = 0, deaths = 0): Supervised => ({ phase, restarts, deaths });

describe('decideSupervision', () => {
  const rows: [Supervised, SuperviseEvent, number, Supervised, string][] = [
    [STOPPED, 'start', 0, at('running'), 'spawn'],
    [STOPPED, 'adopted', 0, at('running'), 'nothing'],
    [STOPPED, 'stop', 0, STOPPED, 'nothing'],
    [at('running'), 'start', 0, at('running'), 'nothing'],
    [at('running'), 'exited', 10, at('waiting', 0, 1), 'delay'],
    [at('running', 4, 4), 'exited', STABLE_RUN_MS, at('waiting', 4, 1), 'delay'],
    [at('running', 4, 4), 'exited', STABLE_RUN_MS - 1, at('waiting', 4, 5), 'delay'],
    [at('running'), 'spawn-failed', 0, at('waiting', 0, 1), 'delay'],
    [at('running', 2, 1), 'stop', 0, at('stopping', 2, 1), 'terminate'],
    [at('waiting', 2, 3), 'delay-over', 0, at('running', 3, 3), 'spawn'],
    [at('waiting', 2, 3), 'stop', 0, at('stopped', 2, 3), 'cancel-delay'],
    [at('waiting', 2, 3), 'start', 0, at('running', 0, 0), 'spawn'],
    [at('stopping'), 'exited', 0, at('stopped'), 'nothing'],
    [at('stopping'), 'stop', 0, at('stopping'), 'terminate'],
    [at('stopping'), 'delay-over', 0, at('stopping'), 'nothing'],
  ];
  it.each(rows)('%j + %s after %i ms', (now, event, ranMs, next, action) => {
    const decision = decideSupervision(now, event, ranMs);
    expect(decision.next).toEqual(next);
    expect(decision.action.do).toBe(action);
  });

  it('waits 1, 2, 4 … 60 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 1000].map(restartDelayMs)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((s) => s * 1000));
  });

  it('never spawns while one runs or is being stopped, and never starts by itself after a stop', () => {
    const event = fc.constantFrom<SuperviseEvent>('start', 'adopted', 'stop', 'exited', 'spawn-failed', 'delay-over');
    fc.assert(fc.property(fc.array(fc.tuple(event, fc.nat(120_000)), { maxLength: 60 }), (events) => {
      let now = STOPPED;
      let wanted = false;
      for (const [name, ranMs] of events) {
        const decision = decideSupervision(now, name, ranMs);
        if (name === 'start' && now.phase !== 'stopping') wanted = true;
        if (name === 'adopted' && now.phase === 'stopped') wanted = true;
        if (name === 'stop') wanted = false;
        if (decision.action.do === 'spawn') {
          expect(['stopped', 'waiting']).toContain(now.phase);
          expect(wanted).toBe(true);
        }
        if (decision.action.do === 'delay') expect(decision.action.ms).toBeLessThanOrEqual(MAX_DELAY_MS);
        now = decision.next;
      }
    }));
  });
});
