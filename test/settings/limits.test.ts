// requirements, network and regression: what they say, and where a mistake in them stands.
import { expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { loadSettings } from '../../src/settings/load-settings.js';

const FILE = '/etc/holdline/holdline.yaml';
const load = (text: string): ReturnType<typeof loadSettings> => loadSettings({ text: `github_repo: acme/app\n${text}`, file: FILE, env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });

it('has defaults that let a healthy device through, and bound no line', () => {
  expect(load('')).toMatchObject({
    requirements: { diskMarginMb: 64, memoryMb: 64, maxTemperature: 80, underVoltage: 'refuse', maxLoad: 0 },
    network: { metered: 'wait', dailyBytes: 0, bandwidth: 0, pass: [] }, regression: { rssPercent: 100, cpuPercent: 100, restarts: 2, interval: 60 },
  });
});

it('keeps the other defaults of a section', () => {
  expect(load('requirements: {max_load: 4}\nnetwork: {daily_bytes: 50000000, pass: [security]}\nregression: {rss_percent: 50}\n')).toMatchObject({
    requirements: { maxLoad: 4, maxTemperature: 80 }, network: { metered: 'wait', dailyBytes: 50_000_000, pass: ['security'] }, regression: { rssPercent: 50, cpuPercent: 100, interval: 60 },
  });
});

it.each<[string, string, number, number, string | RegExp]>([
  ['an unknown key of requirements', 'requirements: {max_temprature: 80}\n', 2, 16, 'did you mean "max_temperature"'],
  ['a temperature as text', 'requirements: {max_temperature: 80C}\n', 2, 33, 'must be a number'],
  ['a negative margin', 'requirements: {disk_margin_mb: -1}\n', 2, 32, 'at least 0'],
  ['a word that is none', 'requirements: {under_voltage: refused}\n', 2, 31, 'one of refuse, warn, ignore'],
  ['requirements as a list', 'requirements: [arm64]\n', 2, 15, 'a mapping'],
  ['a metered that is none', 'network:\n  metered: never\n', 3, 12, 'one of wait, ignore'],
  ['a negative budget', 'network:\n  daily_bytes: -5\n', 3, 16, 'at least 0'],
  ['a budget with a unit', 'network:\n  daily_bytes: 50MB\n', 3, 16, 'must be a number'],
  ['a bandwidth nothing could be fetched with', 'network:\n  bandwidth: 10\n', 3, 14, 'at least 1000'],
  ['a type that does not exist', 'network:\n  pass: [security, urgent]\n', 3, 20, 'one of patch, minor, major, security, hotfix'],
  ['a regression below zero', 'regression: {rss_percent: -10}\n', 2, 27, 'at least 0'],
  ['half a restart', 'regression: {restarts: 1.5}\n', 2, 24, 'a whole number'],
  ['looks without a pause', 'regression: {interval: 0}\n', 2, 24, 'at least 0.1'],
  ['an unknown key of regression', 'regression: {memory_percent: 5}\n', 2, 14, 'unknown key "memory_percent"'],
])('%s', (_name, text, line, column, words) => {
  let error: unknown;
  try { load(text); } catch (thrown) { error = thrown; }
  expect(error).toBeInstanceOf(HoldlineError);
  expect(error).toMatchObject({ code: 'settings-invalid', where: { file: FILE, line, column }, message: typeof words === 'string' ? expect.stringContaining(words) as unknown : expect.stringMatching(words) as unknown });
});
