// Policy, windows and holds: what they become, and every mistake with its place.
import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Settings } from '../../src/domain/settings.js';
import { checkCron } from '../../src/settings/check-cron.js';
import { loadSettings } from '../../src/settings/load-settings.js';
import { parseWindow } from '../../src/settings/parse-window.js';

const FILE = '/etc/holdline/holdline.yaml';
const load = (text: string): Settings => loadSettings({ text: `github_repo: acme/app\n${text}`, file: FILE, env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });
const mistake = (text: string): string => {
  try { load(text); } catch (thrown) {
    if (thrown instanceof HoldlineError) return `${thrown.where?.line ?? 0}:${thrown.where?.column ?? 0} ${thrown.message} ${thrown.hint ?? ''}`;
    throw thrown;
  }
  return 'accepted';
};
const words = (text: string): string => Object.values(load(text).policy.types).join(' ');

describe('the words of the policy', () => {
  it.each([
    ['', 'auto auto auto auto auto'],
    ['auto_update: false\n', 'approve approve approve approve approve'],
    ['auto_update: false\npolicy: {minor: never, patch: auto}\n', 'approve never approve approve approve'],
    ['policy: {major: approve, minor: never}\n', 'auto never approve auto auto'],
    ['windows: {when: ["02:00-05:00"]}\n', 'window window window window window'],
    ['windows: {when: ["02:00-05:00"]}\npolicy: {patch: auto, major: approve}\n', 'auto window approve window window'],
  ])('%j: %s', (text, expected) => { expect(words(text)).toBe(expected); });
  it('security and hotfix pass windows, unless it is said otherwise', () => {
    expect(load('windows: {when: ["02:00-05:00"]}\n').windows.pass).toEqual(['security', 'hotfix']);
    expect(load('windows: {when: ["02:00-05:00"]}\npolicy: {security: window}\n').windows.pass).toEqual(['hotfix']);
    expect(load('windows: {when: ["02:00-05:00"], pass: []}\n').windows.pass).toEqual([]);
  });
  it('windows in which no update could ever finish are told at each start', () => {
    const warnings = (text: string): readonly string[] => load(`windows: ${text}\n`).warnings;
    expect(warnings('{when: ["02:00-02:10"]}')).toEqual([expect.stringContaining('opens for 600 s, but an update needs at least 660 s')]);
    expect(warnings('{when: ["02:00-02:11"]}')).toEqual([]);
    expect(warnings('{when: ["23:55-00:01", "02:00-02:05"]}')).toEqual([]);
    expect(warnings('{when: ["02:00-02:10"], margin: 0}')).toEqual([]);
    expect(warnings('{when: ["cron */5 2 * * * for 5m"]}')).toEqual([]);
  });
  it('what is not said has its default', () => {
    expect(load('')).toMatchObject({
      policy: { hardware: 'never', minimumAge: 0, range: null, pin: null }, windows: { when: [], timeZone: null, margin: 600 },
      holds: { limit: 604_800, lockFile: '/run/holdline/app/hold', gate: null, gateTimeout: 10 },
    });
    expect(load('holds: {lock_file: hold}\n').holds.lockFile).toBe('/etc/holdline/hold');
  });
});

describe('windows', () => {
  it.each<[string, object]>([
    ['Sat,Sun 02:00-05:00', { kind: 'weekly', days: [0, 6], from: 120, to: 300 }],
    ['fri - mon 22:00 - 04:00', { kind: 'weekly', days: [0, 1, 5, 6], from: 1320, to: 240 }],
    ['Wednesday, thurs 9:30-24:00', { kind: 'weekly', days: [3, 4], from: 570, to: 1440 }],
    ['02:00-05:00', { kind: 'weekly', days: [0, 1, 2, 3, 4, 5, 6] }],
    ['daily 02:00-05:00', { kind: 'weekly', days: [0, 1, 2, 3, 4, 5, 6] }],
    ['cron 0 2 * * 1-5 for 2h', { kind: 'cron', expression: '0 2 * * 1-5', seconds: 7200 }],
    ['cron  */15  2-4 1,15 jan-mar sun for 1h30m', { kind: 'cron', expression: '*/15 2-4 1,15 jan-mar sun', seconds: 5400 }],
  ])('%s', (text, expected) => { expect(parseWindow(text)).toMatchObject({ rule: expected }); });
  it.each([
    ['policy: {minor: windw}\n', '2:17 ', 'Did you mean "window"?'],
    ['policy:\n  major: [approve]\n', '3:10 ', 'policy.major must be one of'],
    ['policy: {minr: auto}\n', '2:10 ', 'did you mean "minor"?'],
    ['policy: {minor: window}\n', '2:17 ', 'windows.when names none'],
    ['policy: {minimum_age: soon}\n', '2:23 ', 'a number'],
    ['policy: {range: "~one"}\n', '2:17 ', 'no semver range'],
    ['policy: {pin: "the good one"}\n', '2:15 ', 'pin: "1.4.2"'],
    ['windows:\n  when: ["Sat 02:00-05:00", "Sumday 02:00-05:00"]\n', '3:29 ', 'did you mean "Sunday"?'],
    ['windows: {when: ["02:30-02:30"]}\n', '2:18 ', 'never opens'],
    ['windows: {when: ["25:00-26:00"]}\n', '2:18 ', 'no clock shows'],
    ['windows: {when: ["24:00-02:00"]}\n', '2:18 ', 'no clock shows'],
    ['windows: {when: ["02:00"]}\n', '2:18 ', 'neither days with times nor a cron expression'],
    ['windows: {when: ["cron 0 2 31 2 * for 1h"]}\n', '2:18 ', 'never opens: there is no day 31 in month 2'],
    ['windows: {when: ["cron 0 2 30,31 FEB * for 1h"]}\n', '2:18 ', 'never opens'],
    ['windows: {when: ["cron 0 2 31 4,6,9,11 * for 1h"]}\n', '2:18 ', 'never opens'],
    ['windows: {when: ["cron 0 25 * * * for 1h"]}\n', '2:18 ', 'for the hour, which must be from 0 to 23'],
    ['windows: {when: ["cron 0 2 * * for 1h"]}\n', '2:18 ', '4 fields instead of 5'],
    ['windows: {when: ["cron 0 0 2 * * * for 1h"]}\n', '2:18 ', '6 fields instead of 5'],
    ['windows: {when: ["cron 0 2 * * mom for 1h"]}\n', '2:18 ', 'day of week'],
    ['windows: {when: ["cron 50-10 2 * * * for 1h"]}\n', '2:18 ', 'beginning lies behind its end'],
    ['windows: {when: ["cron */0 2 * * * for 1h"]}\n', '2:18 ', 'a step of at least 1'],
    ['windows: {when: ["cron 0 2 * * *"]}\n', '2:18 ', 'for how long'],
    ['windows: {when: ["cron 0 2 * * * for ever"]}\n', '2:18 ', 'has the length "ever"'],
    ['windows: {when: ["cron 0 2 * * * for 8d"]}\n', '2:18 ', 'none up to 7d'],
    ['windows: {when: ["02:00-05:00"], time_zone: Europe/Berln}\n', '2:45 ', 'did you mean "Europe/Berlin"?'],
    ['windows: {when: ["02:00-05:00"], time_zone: Moon}\n', '2:45 ', 'nobody knows the time zone'],
    ['windows: {when: ["02:00-05:00"], pass: [securty]}\n', '2:41 ', 'Did you mean "security"?'],
    ['windows: {margin: -1}\n', '2:19 ', 'at least 0'],
    ['holds: {gate: ./may-update.sh}\n', '2:15 ', 'a list'],
    ['holds: {gate: []}\n', '2:15 ', 'at least the program'],
    ['holds: {gate_timeout: 0}\n', '2:23 ', 'more than 0'],
  ])('%j is a mistake at its place', (text, place, told) => {
    const found = mistake(text);
    expect(found.startsWith(place), found).toBe(true);
    expect(found).toContain(told);
  });
});

describe('checkCron', () => {
  const ends = (least: number, most: number) => fc.integer({ min: Math.max(0, least - 1), max: most + 2 });
  const field = (least: number, most: number) => fc.oneof(
    fc.constant('*'), ends(least, most).map(String), fc.tuple(ends(least, most), ends(least, most)).map(([a, b]) => `${a}-${b}`),
    fc.integer({ min: 0, max: most }).map((step) => `*/${step}`), fc.tuple(ends(least, most), ends(least, most), fc.integer({ min: 1, max: most })).map(([a, b, step]) => `${a}-${b}/${step}`),
    fc.uniqueArray(ends(least, most), { minLength: 2, maxLength: 3 }).map((list) => list.join(',')),
  );
  const opens = (expression: string): boolean => {
    try { return new Cron(expression, { timezone: 'UTC' }).nextRun(new Date('2026-11-21T00:00:00Z')) !== null; } catch { return false; }
  };
  it('accepts only what croner understands and what some day comes true; what it says never opens never does', () => {
    let accepted = 0;
    fc.assert(fc.property(fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)), (fields) => {
      const expression = fields.join(' ');
      const problem = checkCron(expression);
      if (problem === undefined) { accepted += 1; expect(`${expression}: ${opens(expression)}`).toBe(`${expression}: true`); }
      if (problem?.startsWith('never opens') === true) expect(`${expression}: ${opens(expression)}`).toBe(`${expression}: false`);
    }), { numRuns: 1000 });
    expect(accepted).toBeGreaterThan(100);
  });
  it.each(['0 2 * * sun', '0 2 * JAN-mar 7', '0 2 29 2 *', '0 2 31 2 1'])('%s', (expression) => { expect([checkCron(expression), opens(expression)]).toEqual([undefined, true]); });
});
