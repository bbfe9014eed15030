// A publisher for a group of test devices: releases in folders, and a rollout statement for each component. What it shows can be changed at any time.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readTree } from '../../src/artifact/read-tree.js';
import type { Manifest } from '../../src/domain/manifest.js';
import type { Release } from '../../src/domain/release.js';
import type { AppParts, Member } from '../../src/engine/components/app-parts.js';
import { createComponentsUpdater } from '../../src/engine/components/create-components-updater.js';
import type { ArtifactPorts, EngineParts, RolloutDesk } from '../../src/engine/parts.js';
import type { ComponentUpdate } from '../../src/domain/results.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import type { SystemCalls } from '../../src/platform/system-calls.js';
import { assetOf, releaseOf } from './fake-source.js';
import { groupOf, type GroupWorld } from './group-scenario.js';
import { quickCalls, stageRelease, writeFiles, type DeviceWorld, type Files } from './device-world.js';
import { rolloutOf } from './rollout.js';

/** By component: what its publisher shows. */
export type Shown = Record<string, { versions: string[]; withdrawn: string[]; needs?: Readonly<Record<string, Readonly<Record<string, string>>>> }>;

export const shown = (world: GroupWorld): Shown => Object.fromEntries(Object.keys(world.devices).map((name) => [name, { versions: [], withdrawn: [] }]));

/** What a release of that version ships. */
export const filesOf = (version: string): Files => ({ 'VERSION': `${version}\n`, 'src/main.js': `${version}\n`, 'config/app.yaml': 'port: 1\n' });

export interface Publishing { readonly calls?: SystemCalls; readonly change?: (app: AppParts) => AppParts }

export function publishedGroup(world: GroupWorld, shows: Shown, { calls = quickCalls(), change = (app) => app }: Publishing = {}): AppParts {
  const app = groupOf(world, calls);
  return change({ ...app, members: app.members.map((member) => ({ ...member, parts: { ...member.parts, ...publisherOf(world.devices[member.name]!, member, shows) } })) });
}

/** A turn of the daemon. */
export async function turn(world: GroupWorld, shows: Shown, how: Publishing = {}): Promise<readonly ComponentUpdate[]> {
  const result = await createComponentsUpdater(publishedGroup(world, shows, how)).run({ kind: 'cycle' }, new AbortController().signal);
  return (result as { readonly components: readonly ComponentUpdate[] }).components;
}

function publisherOf(device: DeviceWorld, { name, parts }: Member, shows: Shown): Partial<EngineParts> {
  const own = (): Shown[string] => shows[name] ?? { versions: [], withdrawn: [] };
  const settings = {
    ...parts.settings, channel: 'stable', autoUpdate: true, asset: null, incompleteReleaseWait: 0, trust: { require: 'signature', keys: [], maxMajorJump: 10 },
    freshness: { alarmAfter: 0 }, githubRepo: 'acme/app', githubToken: null,
  } as unknown as EngineParts['settings'];
  const desk: RolloutDesk = {
    device: { id: 'd1', group: null }, maxAgeMs: 0, recall: () => null, remember: () => undefined,
    ask: async () => ({ signed: null, problem: null, etag: null, asked_at: '2026-11-21T09:30:00.000Z' }) as unknown as Awaited<ReturnType<RolloutDesk['ask']>>,
    inForce: () => ({ statement: rolloutOf({ percent: 100, withdrawn: own().withdrawn }), problem: null }),
  };
  const list = (): Release[] => own().versions.map((version) => releaseOf(`v${version}`, ['holdline.json', 'holdline.json.minisig', 'holdline.files.json.gz', `app-${version}.tar.gz`].map((asset) => assetOf(asset, Buffer.alloc(1)))));
  const source = { description: 'the fake source', requestsToday: () => 0, rateLimit: () => null, list: async () => ({ releases: list(), rateLimit: null }) } as unknown as EngineParts['source'];
  const artifact = {
    rememberStatement: () => undefined, keptBytes: () => 0,
    obtainManifest: async ({ version }: Release) => ({
      manifest: { version, expires: null, requires: { components: own().needs?.[version] ?? {} }, type: 'minor', payload: { size: 1 }, processes: [], hooks: {} } as unknown as Manifest,
      clockIsBehind: false, sha256: `${name} ${version}`, signedBy: 'main', statement: null,
    }),
    obtainPayload: async ({ version }: Release) => {
      const path = join(device.root, `release ${version}`);
      if (!existsSync(path)) writeFiles(path, filesOf(version));
      return { path, sha256: basename(path), files: readTree(createFilesystem(), path), strip: 'auto', bytesDownloaded: 7, warnings: [] };
    },
    extract: ({ path }: { readonly path: string }, into: string) => stageRelease(parts.fs, device, path)(into),
  } as unknown as ArtifactPorts;
  return { settings, rollouts: desk, source, artifact: () => artifact };
}
