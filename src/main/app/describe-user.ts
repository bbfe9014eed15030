// Who sits at the command line, for records that people read: never a proof.
import { userInfo } from 'node:os';

/** `alice (uid 1000)`; behind sudo the person, not root. */
export function describeUser(env: NodeJS.ProcessEnv = process.env): string {
  const uid = process.getuid?.() ?? -1;
  if (uid === 0 && env['SUDO_USER'] !== undefined && env['SUDO_UID'] !== undefined) return plain(`${env['SUDO_USER']} (uid ${env['SUDO_UID']}, by sudo)`);
  let name = 'unknown';
  try { name = userInfo().username; } catch { /* a user without an entry */ }
  return plain(`${name} (uid ${uid})`);
}

const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, '?');
