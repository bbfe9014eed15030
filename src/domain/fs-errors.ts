// Turns an error of the operating system into one a person can act on. Pure; never guesses beyond the errno.
import { errnoOf, HoldlineError, type ErrorCode } from './errors.js';

/** The filesystem or its owner rules do not allow a second name here: copy instead. */
export const CANNOT_LINK: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

interface Explanation { readonly code: ErrorCode; readonly why: string; readonly hint: string }

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ENOSPC: { code: 'disk-full', why: 'the disk is full', hint: 'Free some space (or inodes: `df -i`); holdline tries again by itself.' },
  EDQUOT: { code: 'disk-full', why: 'the disk quota is used up', hint: 'Free some space or raise the quota; holdline tries again by itself.' },
  EROFS: { code: 'disk-read-only', why: 'the filesystem is read-only', hint: 'Check the disk (`dmesg`), then remount it writable: `mount -o remount,rw`.' },
  EACCES: { code: 'permission', why: 'permission is denied', hint: 'Give the user that runs holdline write access to this folder.' },
  EPERM: { code: 'permission', why: 'the operation is not permitted', hint: 'Check owner, immutable flags (`lsattr`) and the unit\'s ReadWritePaths.' },
};

const DEVICE_HINTS: Readonly<Record<string, string>> = {
  EIO: 'The disk reports read or write errors: check it (`dmesg`) and replace the card if they stay.',
  EXDEV: 'Keep the install directory on one filesystem: no mount point may lie inside it.',
  EMFILE: 'Raise the limit of open files (LimitNOFILE).',
  ENAMETOOLONG: 'Shorten the file name or move the install directory up.',
};

/**
 * Any thrown value as a HoldlineError; one that already is stays as it is.
 * @param doing what was being done, an infinitive without `to`: `stage the release in /opt/app/.holdline`
 * @param installDir where given, an ENOENT naming it means that the install directory itself is gone
 */
export function explainFsError(thrown: unknown, doing: string, installDir?: string): HoldlineError {
  if (thrown instanceof HoldlineError) return thrown;
  const errno = errnoOf(thrown);
  const path = pathOf(thrown);
  const context = { errno: errno ?? null, path: path ?? null };
  if (errno === 'ENOENT' && installDir !== undefined && path === installDir) {
    return new HoldlineError('install-missing', `cannot ${doing}: the install directory ${installDir} does not exist`, {
      hint: 'Create it or correct install_dir in the settings.', cause: thrown, context,
    });
  }
  const known = errno === undefined ? undefined : EXPLANATIONS[errno];
  const where = path === undefined ? '' : ` (${path})`;
  if (known !== undefined) {
    return new HoldlineError(known.code, `cannot ${doing}: ${known.why}${where}`, { hint: known.hint, cause: thrown, context });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const hint = errno === undefined ? undefined : DEVICE_HINTS[errno];
  return new HoldlineError('step-failed', `cannot ${doing}: ${reason}`, { ...(hint === undefined ? {} : { hint }), cause: thrown, context });
}

function pathOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('path' in thrown)) return undefined;
  return typeof thrown.path === 'string' ? thrown.path : undefined;
}
