// What a module's answers mean: its exit code decides, what it prints is only shown.
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { MODULE_PHASES } from '../../src/domain/module.js';
import type { RunResult } from '../../src/domain/ports.js';
import { judgeRun, readProgress } from '../../src/modules/contract.js';

const CALL = { component: 'firmware', to: '1.1.0', timeouts: { check: 1, prepare: 2, apply: 3, verify: 4, undo: 5 } };
const ran = (changes: Partial<RunResult>): RunResult => ({ code: 0, signal: null, stdout: '', stderr: '', timedOut: false, ...changes });

describe('judgeRun', () => {
  it.each([
    ['check', ran({}), undefined, ''],
    ['check', ran({ code: 75, stdout: 'measuring' }), 'module-not-now', 'says "not now" in check: measuring'],
    ['prepare', ran({ code: 75 }), 'module-not-now', ''],
    ['apply', ran({ code: 75 }), 'module-failed', 'exit code 75'],
    ['verify', ran({ code: 1, stderr: 'a\nb\nc\nd\n' }), 'module-failed', 'exit code 1: b | c | d'],
    ['apply', ran({ code: null, signal: 'SIGSEGV' }), 'module-failed', 'killed by SIGSEGV'],
    ['undo', ran({ code: null, signal: 'SIGKILL', timedOut: true }), 'module-failed', 'no end within 5 s'],
    ['apply', ran({ code: 0, timedOut: true }), 'module-failed', 'no end within 3 s'],
  ] as const)('%s %o is %s', (phase, result, code, words) => {
    const error = judgeRun(phase, CALL, result);
    expect(error?.code).toBe(code);
    expect(error?.message ?? '').toContain(words);
  });

  it('a success is exit code 0 in time, whatever was printed', () => {
    fc.assert(fc.property(fc.constantFrom(...MODULE_PHASES), fc.integer({ min: 0, max: 255 }), fc.boolean(), fc.string({ unit: 'binary' }), (phase, code, timedOut, stdout) => {
      const error = judgeRun(phase, CALL, ran({ code, timedOut, stdout }));
      expect(error === undefined).toBe(code === 0 && !timedOut);
      expect(error?.message ?? '').not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }));
  });
});

describe('readProgress', () => {
  it.each([
    ['', undefined], ['   \u0007', undefined], ['erasing', { done: null, message: 'erasing' }],
    ['{"done": 0.4, "message": "page 4"}', { done: 0.4, message: 'page 4' }], ['{"done": 0.4}', { done: 0.4, message: '' }],
    ['{"done": 4}', { done: null, message: '{"done": 4}' }], ['{oops', { done: null, message: '{oops' }], ['{"message": "\\u001b[2J"}', { done: null, message: '[2J' }],
  ] as const)('%s', (line, expected) => expect(readProgress(line)).toEqual(expected));

  it('bears any line', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (line) => {
      const progress = readProgress(line);
      expect(progress?.message ?? '').not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(progress?.done ?? 0).toBeGreaterThanOrEqual(0);
    }));
  });
});
