import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/settings/redact.js';

const proxy = { https: 'http://user:s3cr%40t@proxy:3128', http: null, no: null };

describe('redact', () => {
  it.each([
    ['the token', 'sent t0k3n/+= to x', /t0k3n/u],
    ['the token in a URL', 'https://x/?a=t0k3n%2F%2B%3D', /t0k3n/u],
    ['the token as basic authentication', `basic ${Buffer.from('x-access-token:t0k3n/+=').toString('base64')}`, /eC1hY2Nlc3/u],
    ['a proxy password', 'cannot reach http://user:s3cr%40t@proxy:3128', /s3cr/u],
    ['a decoded proxy password', 'said s3cr@t', /s3cr@t/u],
    ['any authorization header', '{"Authorization":"Bearer abcdef"}', /abcdef/u],
    ['a GitHub token of somebody else', 'ghp_0123456789abcdefghij', /0123/u],
    ['a signed link', 'GET https://s/x?X-Amz-Signature=abc123&b=1', /abc123/u],
    ['a signed Azure link', 'GET https://s/x?sp=r&sig=abc%2F123', /abc%2F/u],
    ['a git URL with credentials', 'https://me:pw123@github.com/a/b', /pw123/u],
  ])('takes out %s', (_name, text, secret) => {
    expect(text).toMatch(secret);
    expect(redact(text, { githubToken: 't0k3n/+=', proxy })).not.toMatch(secret);
  });
  it('leaves ordinary text alone', () => {
    const text = 'cannot reach https://api.github.com/repos/a/b/releases?page=2: ECONNREFUSED';
    expect(redact(text, { githubToken: null, proxy: { https: null, http: null, no: null } })).toBe(text);
  });
  it('leaves no token in any text', () => {
    fc.assert(fc.property(fc.stringMatching(/^[\x21-\x7e]{4,40}$/u), fc.string(), fc.string(), (token, before, after) => {
      fc.pre(!'***'.includes(token) && !token.includes('*'));
      expect(redact(before + token + after, { githubToken: token, proxy })).not.toContain(token);
    }));
  });
});
