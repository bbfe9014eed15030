// Groups and rollouts in the settings: what they become, and every mistake with its place.
import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import type { Settings } from '../../src/domain/settings.js';
import { loadSettings } from '../../src/settings/load-settings.js';

const FILE = '/etc/holdline/holdline.yaml';
const load = (text: string): Settings => loadSettings({ text: `github_repo: acme/app\n${text}`, file: FILE, env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });
const mistake = (text: string): string => {
  try { load(text); } catch (thrown) {
    if (thrown instanceof HoldlineError) return `${thrown.code} ${thrown.where?.line ?? 0}:${thrown.where?.column ?? 0} ${thrown.message} ${thrown.hint ?? ''}`;
    throw thrown;
  }
  return 'accepted';
};

describe('groups and rollouts', () => {
  it('have defaults', () => expect(load('').rollout).toEqual({ group: null, groups: [], follow: true, maxAge: 21_600, deviceId: null }));
  it('become what was written, in its order', () => {
    expect(load('group: lab\ngroups:\n  zebra: {percent: 2.5}\n  lab: {channel: beta}\n  slow: {version: "~1.4"}\nrollout: {follow: false, max_age: 0}\ndevice_id: lamp-07\n').rollout).toEqual({
      group: 'lab', follow: false, maxAge: 0, deviceId: 'lamp-07',
      groups: [{ name: 'zebra', channel: null, version: null, percent: 2.5 }, { name: 'lab', channel: 'beta', version: null, percent: null }, { name: 'slow', channel: null, version: '~1.4', percent: null }],
    });
  });
  it.each<[string, string, RegExp]>([
    ['an unknown group', 'groups: {lab: {channel: beta}}\ngroup: lap\n', /^settings-invalid 3:8 .*group "lap" is not one of groups.*Did you mean lab/u],
    ['a group without groups', 'group: lab\n', /^settings-invalid 2:8 .*Add it/u],
    ['below 0 percent', 'groups: {canary: {percent: -1}}\n', /^settings-invalid 2:28 .*at least 0/u],
    ['above 100 percent', 'groups: {canary: {percent: 101}}\n', /^settings-invalid 2:28 .*at most 100/u],
    ['more than 100 percent together', 'groups:\n  a: {percent: 60}\n  b: {percent: 50}\n', /^settings-invalid 3:3 .*take 110 %/u],
    ['thousandths', 'groups: {canary: {percent: 0.001}}\n', /^settings-invalid 2:28 .*two decimals/u],
    ['no range', 'groups: {slow: {version: newest}}\n', /^settings-invalid 2:26 .*no range/u],
    ['an unknown word of a group', 'groups: {slow: {percentage: 5}}\n', /^settings-invalid 2:17 .*unknown key "percentage"/u],
    ['a group that is a number', 'groups: {5: {percent: 5}}\n', /^settings-invalid 2:10 .*group/u],
    ['an unknown word of rollout', 'rollout: {folow: true}\n', /^settings-invalid 2:11 .*did you mean "follow"/u],
    ['an id with a space', 'device_id: "my lamp"\n', /^settings-invalid 2:12 .*letters/u],
  ])('%s', (_name, text, expected) => expect(mistake(text)).toMatch(expected));
});
