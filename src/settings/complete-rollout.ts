// The group, groups, rollout and device_id keys, and what they say about each other.
import validRange from 'semver/ranges/valid.js';
import type { GroupSettings, RolloutSettings } from '../domain/settings.js';
import { suggest } from '../domain/suggest.js';
import type { Finding } from './parse-settings-yaml.js';
import type { SettingsInput } from './schema.js';

export function completeRollout(input: Pick<SettingsInput, 'group' | 'groups' | 'rollout' | 'device_id'>, findings: Finding[]): RolloutSettings {
  const groups = Object.entries(input.groups).map(([name, { channel, version, percent }]): GroupSettings => {
    if (version !== undefined && validRange(version) === null) {
      findings.push({ path: ['groups', name, 'version'], at: 'value', message: `groups.${name}.version "${version}" is no range of versions`, hint: 'Write it like "~1.4" or ">=1.2 <2".' });
    }
    if (percent !== undefined && Math.abs(percent * 100 - Math.round(percent * 100)) > 1e-6) {
      findings.push({ path: ['groups', name, 'percent'], at: 'value', message: `groups.${name}.percent ${percent} has more than two decimals`, hint: 'A device stands in one of 10,000 places: hundredths are the finest.' });
    }
    return { name, channel: channel ?? null, version: version ?? null, percent: percent ?? null };
  });
  const all = groups.reduce((sum, { percent }) => sum + Math.round((percent ?? 0) * 100), 0);
  if (all > 10_000) findings.push({ path: ['groups'], at: 'value', message: `the groups take ${all / 100} % of the devices together`, hint: 'Their percentages may be 100 at the most.' });
  const { group } = input;
  if (group !== undefined && groups.every(({ name }) => name !== group)) findings.push(unknownGroup(group, groups));
  return { group: group ?? null, groups, follow: input.rollout.follow, maxAge: input.rollout.max_age, deviceId: input.device_id ?? null };
}

function unknownGroup(group: string, groups: readonly GroupSettings[]): Finding {
  const names = groups.map(({ name }) => name);
  const near = suggest(group, names);
  return { path: ['group'], at: 'value', message: `group "${group}" is not one of groups`, hint: names.length === 0 ? `Add it: groups: {${group}: {channel: beta}}.` : near === undefined ? `There are: ${names.join(', ')}.` : `Did you mean ${near}?` };
}
