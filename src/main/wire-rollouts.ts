// Wires what a device needs to obey rollouts: its name, its group, the memory of statements and the keys that count.
import { randomBytes } from 'node:crypto';
import type { Layout } from '../domain/layout.js';
import type { Clock, Filesystem, Logger } from '../domain/ports.js';
import { rolloutPath } from '../domain/rollout.js';
import type { Settings } from '../domain/settings.js';
import { buildKeyRing } from '../artifact/keys/key-ring.js';
import { readKeyStore } from '../artifact/keys/key-store.js';
import { transferBounds } from '../artifact/obtain-manifest.js';
import { obtainRollout, recallRollout } from '../artifact/rollout/obtain-rollout.js';
import type { RolloutTrust } from '../artifact/rollout/prove-rollout.js';
import { readRolloutStore, writeRolloutStore } from '../artifact/rollout/rollout-store.js';
import { applyGroup, chooseGroup } from '../decide/choose-group.js';
import { ensureDeviceId } from '../engine/device-id.js';
import { keyPlaceOf } from './fetcher/key-place.js';
import type { RolloutDesk } from '../engine/parts.js';

const ID_BYTES = 16;

export interface RolloutWiring { readonly settings: Settings; readonly desk: RolloutDesk | undefined }

/** The settings as this device's group has them, and the desk that answers for rollouts; no desk where none is followed. */
export function wireRollouts(settings: Settings, layout: Layout, fs: Filesystem, clock: Clock, log: Logger): RolloutWiring {
  const needsName = settings.rollout.follow || settings.rollout.groups.some(({ percent }) => percent !== null);
  const id = settings.rollout.deviceId ?? (needsName ? nameDevice(fs, layout, log) : '');
  const group = chooseGroup(settings.rollout, id);
  const own = applyGroup(settings, group);
  return { settings: own, desk: settings.rollout.follow ? createDesk(own, { id, group: group?.name ?? null }, { layout, fs, clock, log }) : undefined };
}

/** Somebody who may not write here only looks: a name for this once decides no update. */
function nameDevice(fs: Filesystem, layout: Layout, log: Logger): string {
  const random = (): string => randomBytes(ID_BYTES).toString('hex');
  try { return ensureDeviceId({ fs, layout }, random); } catch (thrown) {
    log.debug('this device has no name of its own yet', { reason: String(thrown) });
    return random();
  }
}

interface DeskPlaces { readonly layout: Layout; readonly fs: Filesystem; readonly clock: Clock; readonly log: Logger }

function createDesk(settings: Settings, device: RolloutDesk['device'], { layout, fs, clock, log }: DeskPlaces): RolloutDesk {
  const component = settings.tagPrefix;
  const key = rolloutPath(settings.channel, component);
  const trust = (): RolloutTrust => ({
    ring: settings.trust.require === 'signature' ? buildKeyRing(settings.githubRepo, settings.trust.keys, readKeyStore({ fs, layout: keyPlaceOf(settings, layout) })) : null,
    repo: settings.githubRepo, channel: settings.channel, component,
  });
  return {
    device,
    // A conditional request costs nothing with a token, so nothing is believed longer than it must be.
    maxAgeMs: settings.githubToken === null ? settings.rollout.maxAge * 1000 : 0,
    recall: () => readRolloutStore({ fs, layout }, key, log),
    ask: (source, releases, signal) => obtainRollout({ source, clock, log }, { trust: trust(), remembered: readRolloutStore({ fs, layout }, key, log), releases, bounds: transferBounds(settings) }, signal),
    inForce: (remembered) => recallRollout(trust(), remembered),
    remember: (remembered) => writeRolloutStore({ fs, layout }, key, remembered),
  };
}
