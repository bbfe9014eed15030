// What is allowed but should be said at each start.
import { join } from 'node:path';
import type { Settings } from '../domain/settings.js';
import { isLoopback } from './value-rules.js';

/** A look at GitHub is the list of releases, and now and then a second page. */
const REQUESTS_PER_CHECK = 2;
const REQUESTS_PER_HOUR = { anonymous: 60, token: 5000 };
/** sockaddr_un holds 107 bytes and a NUL. */
const MAX_SOCKET_PATH_BYTES = 107;

export function findWarnings(settings: Settings): readonly string[] {
  return [warnTrust(settings), warnKeyFiles(settings), warnInterval(settings), warnPlainHttp(settings), warnSocket(settings), warnWindows(settings)].flat();
}

function warnTrust({ trust }: Settings): readonly string[] {
  return trust.require === 'none' ? ['trust.require is none: whoever controls the repository or the connection controls this device'] : [];
}

function warnKeyFiles({ trust }: Settings): readonly string[] {
  return (trust.problems ?? []).map((problem) => problem.message);
}

function warnInterval({ checkInterval, githubToken }: Settings): readonly string[] {
  const allowed = githubToken === null ? REQUESTS_PER_HOUR.anonymous : REQUESTS_PER_HOUR.token;
  const wanted = Math.ceil((3600 / checkInterval) * REQUESTS_PER_CHECK);
  if (wanted < allowed) return [];
  const remedy = githubToken === null ? 'raise it or set GITHUB_TOKEN' : 'raise it';
  return [`check_interval ${checkInterval} may ask GitHub ${wanted} times an hour, of ${allowed} allowed${githubToken === null ? ' to all devices behind one address' : ''}: ${remedy}`];
}

function warnPlainHttp({ githubApiUrl, trust }: Settings): readonly string[] {
  if (!githubApiUrl.startsWith('http:') || isLoopback(githubApiUrl) || trust.require === 'signature') return [];
  return [`github_api_url is http:// and trust.require is ${trust.require}: anybody on the network can replace a release`];
}

function warnSocket({ runtimeDir }: Settings): readonly string[] {
  const socket = join(runtimeDir, 'control.sock');
  return Buffer.byteLength(socket) <= MAX_SOCKET_PATH_BYTES ? [] : [`runtime_dir is too long for a socket (${socket}): set a shorter runtime_dir, or the command line cannot reach the daemon`];
}

/** Even end to end they leave no room for an update. A cron window may overlap itself: of that nothing is said here. */
function warnWindows({ windows, probation }: Settings): readonly string[] {
  const { when, margin } = windows;
  const needed = probation.seconds + margin;
  const lengths = when.map((rule) => (rule.kind === 'cron' ? Infinity : (rule.to > rule.from ? rule.to - rule.from : rule.to + 1440 - rule.from) * 60));
  const all = lengths.reduce((sum, length) => sum + length, 0);
  if (when.length === 0 || all >= needed) return [];
  return [`windows.when opens for ${all} s, but an update needs at least ${needed} s (probation ${probation.seconds}, windows.margin ${margin}): none will begin in a window; lengthen it or lower the margin`];
}
