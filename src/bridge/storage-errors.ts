// Why a file of the bridge cannot be made, in words that tell a person what to do. PURE.
import { HoldlineError, errnoOf } from '../domain/errors.js';

/** `what` follows "cannot". */
export function describeStorageError(what: string, error: unknown): HoldlineError {
  const errno = errnoOf(error);
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  return new HoldlineError(full ? 'disk-full' : 'permission', `cannot ${what}: ${full ? 'the filesystem is full' : errno ?? String(error)}`, {
    hint: full ? 'Free some room there (`df` shows it), or name another place with --spool-dir.' : 'Run it as a systemd unit (RuntimeDirectory), or name a writable place with --socket-dir or HOLDLINE_BRIDGE_DIR.', cause: error,
  });
}
