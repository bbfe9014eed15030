// Which test group this device is in, and what that changes of its settings. Pure, and stable: the same id and groups give the same group.
import { BUCKETS } from '../domain/rollout.js';
import type { GroupSettings, RolloutSettings, Settings } from '../domain/settings.js';
import { bucketOf } from './rollout-bucket.js';

/** Groups are dealt once for all: a rollout's salt must not move anybody. */
const GROUP_SALT = 'groups';

/** The named one; else, by the place of its id, one of those with a percentage, in the order in which they stand. */
export function chooseGroup({ group, groups }: Pick<RolloutSettings, 'group' | 'groups'>, deviceId: string): GroupSettings | null {
  if (group !== null) return groups.find(({ name }) => name === group) ?? null;
  const bucket = bucketOf(deviceId, GROUP_SALT);
  let end = 0;
  for (const candidate of groups) {
    end = Math.min(BUCKETS, end + Math.round((candidate.percent ?? 0) * 100));
    if (bucket < end) return candidate;
  }
  return null;
}

/** The settings as the group has them: its channel and its range of versions instead of theirs. */
export function applyGroup<Some extends Pick<Settings, 'channel' | 'policy'>>(settings: Some, group: GroupSettings | null): Some {
  if (group === null) return settings;
  return { ...settings, channel: group.channel ?? settings.channel, policy: { ...settings.policy, range: group.version ?? settings.policy.range } };
}
