// `<state_dir>/rollout.json`: the last good statement of each channel, as it was signed. Holds no trust of its own: it is proven again at each
// use, so whoever changes it can take a statement away from the device, never give it one. Losing it forgets the serial, nothing else.
import { errnoOf } from '../../domain/errors.js';
import { explainFsError } from '../../domain/fs-errors.js';
import { rolloutFile, type Layout } from '../../domain/layout.js';
import type { Filesystem, Logger } from '../../domain/ports.js';
import type { RememberedRollout, SignedRollout } from '../../domain/rollout.js';

type Places = { readonly fs: Filesystem; readonly layout: Pick<Layout, 'stateDir'> };

const MAX_STORE_BYTES = 4 * 1024 * 1024;
/** A device changes its channel now and then; more than these are leftovers. */
const MAX_CHANNELS = 8;

/** @param key where it lies at the source: domain/rollout rolloutPath */
export function readRolloutStore(places: Places, key: string, log?: Pick<Logger, 'warn'>): RememberedRollout | null {
  return readAll(places, log)[key] ?? null;
}

/** Durable when it returns. The caller holds the lock. */
export function writeRolloutStore(places: Places, key: string, remembered: RememberedRollout): void {
  const { [key]: _before, ...others } = readAll(places);
  const kept = Object.entries(others).sort(([, a], [, b]) => b.asked_at.localeCompare(a.asked_at)).slice(0, MAX_CHANNELS - 1);
  try {
    places.fs.makeDirectory(places.layout.stateDir, 0o750);
    places.fs.writeDurably(rolloutFile(places.layout), `${JSON.stringify({ format: 1, channels: Object.fromEntries([[key, remembered], ...kept]) }, undefined, 1)}\n`, 0o644);
  } catch (thrown) { throw explainFsError(thrown, 'remember the rollout statement'); }
}

function readAll({ fs, layout }: Places, log?: Pick<Logger, 'warn'>): Readonly<Record<string, RememberedRollout>> {
  const path = rolloutFile(layout);
  let text: string;
  try { text = fs.readText(path, MAX_STORE_BYTES); } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT' && errnoOf(thrown) !== 'ENOTDIR') log?.warn('the last rollout statement cannot be read; asking afresh', { path, code: errnoOf(thrown) ?? null });
    return {};
  }
  const channels = parseStore(text);
  if (channels === undefined) log?.warn('the memory of rollout statements is damaged; asking afresh', { path });
  return channels ?? {};
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));

function parseStore(text: string): Readonly<Record<string, RememberedRollout>> | undefined {
  let value: unknown;
  try { value = JSON.parse(text); } catch { return undefined; }
  if (!isFields(value) || value['format'] !== 1 || !isFields(value['channels'])) return undefined;
  return Object.fromEntries(Object.entries(value['channels']).filter((entry): entry is [string, RememberedRollout] => isRemembered(entry[1])));
}

function isRemembered(value: unknown): value is RememberedRollout {
  if (!isFields(value) || !isTime(value['asked_at']) || !isTextOrNull(value['etag']) || !isTextOrNull(value['problem'])) return false;
  return (value['signed'] === null || isSigned(value['signed'])) && (value['taken_at'] === null || isTime(value['taken_at']));
}

const isSigned = (value: unknown): value is SignedRollout => isFields(value) && typeof value['text'] === 'string' && isTextOrNull(value['signature']);
