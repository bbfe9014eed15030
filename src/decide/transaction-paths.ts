// The places inside `staging/<transaction>/`, all on the filesystem of the versions. Pure.
import { join } from 'node:path';
import { stagingDir, type Layout } from '../domain/layout.js';

export const transactionDir = (layout: Layout, transaction: string): string => join(stagingDir(layout), transaction);

/** The tree being made. */
export const stagedTree = (staging: string): string => join(staging, 'tree');
/** Its record being made; moves to `records/<name>`. */
export const stagedRecord = (staging: string): string => join(staging, 'record');
/** A kept version of the same name, set aside until the commit. */
export const replacedTree = (staging: string): string => join(staging, 'replaced');
export const replacedRecord = (staging: string): string => join(staging, 'replaced-record');
/** What adoption took out of the user's folder, until the commit. */
export const adoptedPath = (staging: string, index: number): string => join(staging, 'adopted', String(index));
/** What was carried over and what the config looked like then, to see what changed until the switch. */
export const carriedFile = (staging: string): string => join(staging, 'carried.json');
export const mergedFile = (staging: string): string => join(staging, 'merged.json');
/** Which config files the merge really changed: fixed by it, so that every step after it touches the same services. */
export const changedConfigFile = (staging: string): string => join(staging, 'changed-config.json');
/** What the new version's config was like at the switch, to see what is edited after it. */
export const switchedFile = (staging: string): string => join(staging, 'switched.json');

/**
 * Where an undone version's config waits, laid out as in the version, with `record/shipped` and what it was like at the switch, until
 * the edits in it are brought back. Beside the transaction's own folder, which undoing takes away; tidied up with the books.
 */
export const undoneDir = (staging: string): string => `${staging}-undone`;
export const undoneRecord = (staging: string): string => join(undoneDir(staging), 'record');
export const undoneSwitchedFile = (staging: string): string => join(undoneDir(staging), 'switched.json');

/** Inside a record directory. */
export const recordFile = (record: string): string => join(record, 'record.json');
export const filesFile = (record: string): string => join(record, 'files.json');
/** The config as shipped: `<this>/config`. */
export const shippedDir = (record: string): string => join(record, 'shipped');

export const HOUSE_OF_BACKUP = '.holdline';
/** Inside a backup. A payload may not hold a top folder of this name, so nothing of a tree is ever hidden by it. */
export const backupManifestFile = (backup: string): string => join(backup, HOUSE_OF_BACKUP, 'backup.json');
export const backupEntriesFile = (backup: string): string => join(backup, HOUSE_OF_BACKUP, 'entries.json');
export const BACKUP_RECORD = '.holdline/record';
