// What the status says of rollouts: this device's name and group, and the last statement it went by. Read from the disk; nothing is proven here.
import type { Layout } from '../../domain/layout.js';
import type { Filesystem } from '../../domain/ports.js';
import type { RolloutStatus } from '../../domain/results.js';
import { rolloutPath, type RolloutStatement } from '../../domain/rollout.js';
import { percentAt } from '../../domain/rollout-share.js';
import type { Settings } from '../../domain/settings.js';
import { readRolloutStore } from '../../artifact/rollout/rollout-store.js';
import { applyGroup, chooseGroup } from '../../decide/choose-group.js';
import { bucketOf } from '../../decide/rollout-bucket.js';
import { readDeviceId } from '../../engine/device-id.js';

export function readRollout(settings: Settings, layout: Layout, fs: Filesystem, now: Date): RolloutStatus {
  const id = settings.rollout.deviceId ?? readDeviceId({ fs, layout });
  const group = id === null && settings.rollout.group === null ? null : chooseGroup(settings.rollout, id ?? '');
  const { channel } = applyGroup(settings, group);
  const remembered = settings.rollout.follow ? readRolloutStore({ fs, layout }, rolloutPath(channel, settings.tagPrefix)) : null;
  return {
    device_id: id, group: group?.name ?? null, group_from: group === null ? null : settings.rollout.group === null ? 'percentage' : 'settings', channel, follow: settings.rollout.follow,
    statement: remembered?.signed === null || remembered === null ? null : describe(remembered.signed.text, id, now), problem: remembered?.problem ?? null,
  };
}

function describe(text: string, id: string | null, now: Date): RolloutStatus['statement'] {
  try {
    const statement = JSON.parse(text) as RolloutStatement;
    const { serial, version, paused, withdrawn, expires } = statement;
    return { serial, version, percent: percentAt(statement, now), place: id === null ? null : bucketOf(id, statement.salt) / 100, paused, withdrawn, expires };
  } catch { return null; }
}
