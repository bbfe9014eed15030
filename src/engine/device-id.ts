// What this device is called in a rollout: random, made once, durable, the same for ever. It never leaves the device, and says nothing of it:
// no serial number, no address.
import { errnoOf } from '../domain/errors.js';
import { explainFsError } from '../domain/fs-errors.js';
import { deviceIdFile, type Layout } from '../domain/layout.js';
import type { Filesystem } from '../domain/ports.js';

type Places = { readonly fs: Filesystem; readonly layout: Pick<Layout, 'sharedDir'> };

const MAX_ID_BYTES = 256;

/** Null: there is none yet, or nobody can read it. */
export function readDeviceId({ fs, layout }: Places): string | null {
  try {
    const text = fs.readText(deviceIdFile(layout), MAX_ID_BYTES).trim();
    return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u.test(text) ? text : null;
  } catch { return null; }
}

/** The one that is kept, else a new one. @param random 32 hex digits */
export function ensureDeviceId(places: Places, random: () => string): string {
  const kept = readDeviceId(places);
  if (kept !== null) return kept;
  const { fs, layout } = places;
  const path = deviceIdFile(layout);
  const made = random();
  try {
    fs.makeDirectory(layout.sharedDir, 0o750);
    if (fs.stat(path) !== undefined) {
      // Another one has just made it; else it is empty or damaged, and nothing that could be kept.
      const others = readDeviceId(places);
      if (others !== null) return others;
      fs.writeDurably(path, `${made}\n`, 0o644);
      return made;
    }
    const draft = `${path}.${made.slice(0, 8)}`;
    fs.writeDurably(draft, `${made}\n`, 0o644);
    // Two that begin at once must come to the same: a link is made by one only.
    try { fs.hardLink(draft, path); } catch (thrown) { if (errnoOf(thrown) !== 'EEXIST') fs.writeDurably(path, `${made}\n`, 0o644); }
    fs.unlink(draft);
    fs.sync(layout.sharedDir);
  } catch (thrown) { throw explainFsError(thrown, 'remember what this device is called'); }
  return readDeviceId(places) ?? made;
}
