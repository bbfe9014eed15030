// Where a download may be sent to: a redirect is somebody else's wish. Pure; the token's side of it is in ask-github.ts.
import { HoldlineError } from '../domain/errors.js';

export const MAX_HOPS = 5;

/** A host as URL gives it. */
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
/** Cloud metadata and neighbours on the wire: no storage lives there. URL has already normalised `2130706433` and `0x7f.1`. */
const isForbidden = (host: string): boolean =>
  host.startsWith('169.254.') || host.startsWith('0.') || /^\[fe[89ab]/i.test(host) || /^\[::ffff:/i.test(host) || host === '[::]';

/** The target, or an error. `api`: the API's address; only a loopback http API (tests, a mirror on the device) may send to loopback. */
export function followRedirect(location: string | null, from: string, api: string): URL {
  const refuse = (why: string): never => {
    throw new HoldlineError('source-invalid', `cannot download: the server sends us on to an address that is not allowed (${why})`, {
      hint: 'Nothing was sent there. If github_api_url is right, something between here and GitHub changes its answers.', context: { from: new URL(from).host },
    });
  };
  if (location === null || !URL.canParse(location, from)) return refuse('no address');
  const target = new URL(location, from);
  const base = new URL(api);
  const localApi = base.protocol === 'http:' && isLoopback(base.hostname);
  if (target.username !== '' || target.password !== '') return refuse('with a login in it');
  if (isForbidden(target.hostname)) return refuse('an address of this network segment');
  if (isLoopback(target.hostname) && !isLoopback(base.hostname)) return refuse('this device itself');
  if (target.protocol === 'https:' || (target.protocol === 'http:' && localApi && isLoopback(target.hostname))) return target;
  return refuse(`${target.protocol}//, not https`);
}
