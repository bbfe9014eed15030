// Where things are on a device: every path is derived here and nowhere else.
import { join, relative, dirname } from 'node:path';

export interface Layout {
  readonly installDir: string;
  readonly stateDir: string;
  /** What all components of the app share: lock, audit log, source cache, holds; equal to stateDir where there is one component. */
  readonly sharedDir: string;
  readonly runtimeDir: string;
  readonly backupPath: string;
}

/** `.holdline/` inside the install directory. */
export const HOUSE = '.holdline';

export const houseDir = (layout: Layout): string => join(layout.installDir, HOUSE);
export const currentLink = (layout: Layout): string => join(houseDir(layout), 'current');
/** The version that ran before the current one: kept by prune, the default target of `rollback`. */
export const previousLink = (layout: Layout): string => join(houseDir(layout), 'previous');
export const versionsDir = (layout: Layout): string => join(houseDir(layout), 'versions');
export const versionDir = (layout: Layout, name: string): string => join(versionsDir(layout), name);
/** Work in progress, one folder per transaction, same filesystem as the versions. */
export const stagingDir = (layout: Layout): string => join(houseDir(layout), 'staging');
/** What we know of each version directory, beside it so that a tree holds only what was shipped. */
export const recordsDir = (layout: Layout): string => join(houseDir(layout), 'records');
export const recordDir = (layout: Layout, name: string): string => join(recordsDir(layout), name);

export const journalDir = (layout: Layout): string => join(layout.stateDir, 'journal');
/** Every journal that may name a component: its own, and that of groups. */
export const journalDirs = (layout: Layout): readonly string[] => [...new Set([layout.stateDir, layout.sharedDir])].map((dir) => join(dir, 'journal'));
export const stateFile = (layout: Layout): string => join(layout.stateDir, 'state.json');
export const historyFile = (layout: Layout): string => join(layout.stateDir, 'history.jsonl');
export const keysFile = (layout: Pick<Layout, 'stateDir'>): string => join(layout.stateDir, 'keys.json');
/** The last good rollout statement of each channel, as it was signed. */
export const rolloutFile = (layout: Pick<Layout, 'stateDir'>): string => join(layout.stateDir, 'rollout.json');
/** One random name for the whole device: it never leaves it, and stays the same for ever. */
export const deviceIdFile = (layout: Pick<Layout, 'sharedDir'>): string => join(layout.sharedDir, 'device-id');
/** `00000001.log` and so on: the chained record of what was decided and done. */
export const auditDir = (layout: Pick<Layout, 'sharedDir'>): string => join(layout.sharedDir, 'audit');
export const downloadsDir = (layout: Pick<Layout, 'stateDir'>): string => join(layout.stateDir, 'downloads');
export const sourceCacheFile = (layout: Layout): string => join(layout.sharedDir, 'source-cache.json');
/** One file for each hold. */
export const holdsDir = (layout: Pick<Layout, 'sharedDir'>): string => join(layout.sharedDir, 'holds');
/** Bytes of releases downloaded today, by all components: they share the line. */
export const bytesOfDayFile = (layout: Pick<Layout, 'sharedDir'>): string => join(layout.sharedDir, 'bytes-of-day.json');
export const lockFile = (layout: Layout): string => join(layout.sharedDir, 'lock');
/** One state directory for each component. */
export const componentsDir = (stateDir: string): string => join(stateDir, 'components');
export const componentStateDir = (stateDir: string, component: string): string => join(componentsDir(stateDir), component);
/** A module's own folder; closed to others, kept across updates. */
export const moduleDir = (layout: Pick<Layout, 'stateDir'>): string => join(layout.stateDir, 'module');
export const controlSocket = (layout: Layout): string => join(layout.runtimeDir, 'control.sock');
/** The embedded supervisor's pids and start times, so that a killed daemon's services are adopted. */
export const supervisorFile = (layout: Layout): string => join(layout.runtimeDir, 'services.json');

/** The text of a managed path's link: relative, so that the folder can be moved or mounted elsewhere. */
export function managedLinkTarget(layout: Layout, managedPath: string): string {
  const from = dirname(join(layout.installDir, managedPath));
  return relative(from, join(currentLink(layout), managedPath));
}

/** The text of `current`: relative to `.holdline/`. */
export const currentLinkTarget = (name: string): string => join('versions', name);
