// What GitHub's (or somebody else's) refusing answers mean, each with its remedy. Pure.
import { HoldlineError } from '../domain/errors.js';

export interface Refusal {
  readonly status: number;
  /** GitHub's own sentence, already cleaned; empty where the answer was none of GitHub's. */
  readonly message: string;
  /** The answer was JSON, so it is GitHub who speaks. */
  readonly json: boolean;
  /** Where single sign-on wants the token approved; null where it does not. */
  readonly sso: string | null;
}

export interface Question { readonly doing: string; readonly repo: string; readonly hasToken: boolean }

const READ_RIGHT = 'the right Contents: read on this repository (fine-grained), or repo (classic)';

export function refusalError(refusal: Refusal, question: Question): HoldlineError {
  const { status, message } = refusal;
  const { doing, repo, hasToken } = question;
  const said = message === '' ? '' : ` (${message})`;
  const context = { status, repo };
  if (status === 407 || status === 511) {
    return new HoldlineError('source-network', `cannot ${doing}: the network wants a login first (${status})`, { hint: 'Log in to the network, or put user and password into https_proxy.', context: { ...context, transient: false } });
  }
  if (status === 401) {
    return new HoldlineError('source-unauthorized', `cannot ${doing}: GitHub does not accept ${hasToken ? 'the token' : 'requests without a token'}${said}`, {
      hint: `Set GITHUB_TOKEN to a token that has not expired, with ${READ_RIGHT}.`, context,
    });
  }
  if (status === 403 && !refusal.json) {
    return new HoldlineError('source-forbidden', `cannot ${doing}: something between here and GitHub forbids it (403 that is not GitHub's)`, { hint: 'A proxy or firewall answers: ask who runs it, or check https_proxy.', context });
  }
  if (status === 403 || status === 451) {
    const sso = refusal.sso === null ? '' : ' The organization wants the token approved for single sign-on.';
    return new HoldlineError('source-forbidden', `cannot ${doing}: GitHub forbids it${said}`, {
      hint: hasToken ? `The token needs ${READ_RIGHT}.${sso}` : `Set GITHUB_TOKEN to a token with ${READ_RIGHT}.`, context,
    });
  }
  if (status === 404 || status === 410) {
    return new HoldlineError('source-not-found', `cannot ${doing}: GitHub shows no ${repo}${hasToken ? ' to this token' : ' to the public'}${said}`, {
      hint: `Is the name right? Of a private repository GitHub says 404 to who may not read it: ${hasToken ? 'the token needs' : 'set GITHUB_TOKEN to a token with'} ${READ_RIGHT}. An Enterprise server's github_api_url ends in /api/v3.`,
      context,
    });
  }
  if (status >= 500) {
    return new HoldlineError('source-server', `cannot ${doing}: GitHub has a problem of its own (${status})${said}`, { hint: 'It is tried again by itself; see githubstatus.com.', context: { ...context, transient: true } });
  }
  return new HoldlineError('source-invalid', `cannot ${doing}: GitHub answers ${status}, which makes no sense here${said}`, { hint: 'Check github_repo and github_api_url.', context });
}

/** A web page where data should be. */
export function notGithubError(doing: string, contentType: string): HoldlineError<'source-invalid'> {
  return new HoldlineError('source-invalid', `cannot ${doing}: the answer is not GitHub's (${contentType === '' ? 'of no stated type' : contentType.slice(0, 60)})`, {
    hint: 'A login page of the network or a proxy may be answering instead; open it in a browser. Also check github_api_url: an Enterprise server\'s ends in /api/v3.',
  });
}

/** One line of somebody else's text, safe for a terminal and a log. */
export function cleanText(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').trim().slice(0, 200);
}
