// Takes secrets out of text before it is logged, shown or written. Too much is better than too little here.
import type { Settings } from '../domain/settings.js';

export type Secrets = Pick<Settings, 'githubToken' | 'proxy'>;

const MARK = '***';
/** GitHub's own token forms, whoever they belong to. */
const GITHUB_TOKENS = /\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/gu;
const AUTHORIZATION = /\b(authorization["']?\s*[:=]\s*["']?(?:bearer|token|basic)\s+)[^\s"',]+/giu;
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/giu;
/** Signed links to storage are as good as a password for five minutes. */
const SIGNED_QUERY = /([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|sig|se|skoid|jwt|token|access_token|signature)=)[^&\s"']+/giu;

export function redact(text: string, secrets: Secrets): string {
  let clean = text;
  for (const secret of spellingsOf(secrets)) clean = clean.replaceAll(secret, MARK);
  return clean
    .replaceAll(GITHUB_TOKENS, MARK)
    .replaceAll(AUTHORIZATION, `$1${MARK}`)
    .replaceAll(URL_CREDENTIALS, `$1${MARK}@`)
    .replaceAll(SIGNED_QUERY, `$1${MARK}`);
}

/** A secret as it is, as a URL and as basic authentication would spell it; the longest first. */
function spellingsOf(secrets: Secrets): readonly string[] {
  const plain = [secrets.githubToken, passwordOf(secrets.proxy.https), passwordOf(secrets.proxy.http)].filter((secret): secret is string => secret !== null && secret !== '');
  const all = plain.flatMap((secret) => [
    secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'),
    Buffer.from(`x-access-token:${secret}`).toString('base64'), Buffer.from(`:${secret}`).toString('base64'),
  ]);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function passwordOf(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  const { password } = new URL(url);
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}
