// The trusted comment of a manifest's signature: `repo:OWNER/NAME tag:TAG`, further words allowed. Pure.
// Signed together with the manifest, so that a signature says by itself which release it is for.
import { HoldlineError } from '../domain/errors.js';

export interface TrustedComment { readonly repo: string; readonly tag: string }

export function formatTrustedComment(comment: TrustedComment, ...furtherWords: readonly string[]): string {
  return [`repo:${comment.repo}`, `tag:${comment.tag}`, ...furtherWords].join(' ');
}

/** Each of `repo:` and `tag:` exactly once, in any place; other words are for later versions. */
export function parseTrustedComment(text: string): TrustedComment {
  const words = text.split(' ');
  const valueOf = (name: string): string => {
    const found = words.filter((word) => word.startsWith(name));
    const [only] = found;
    if (found.length !== 1 || only === undefined || only.length === name.length) throw unclear(text, name);
    return only.slice(name.length);
  };
  return { repo: valueOf('repo:'), tag: valueOf('tag:') };
}

function unclear(text: string, name: string): HoldlineError {
  return new HoldlineError('manifest-mismatch', `cannot trust this release: the signed comment ${JSON.stringify(text)} does not name exactly one ${name}`, {
    hint: 'Sign with `holdline publish`, or with `minisign -S -t "repo:OWNER/NAME tag:TAG"`.',
  });
}
