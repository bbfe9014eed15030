import { describe, expect, it } from 'vitest';
import { assertTrust } from '../../src/settings/assert-trust.js';

const key = { name: 'a', publicKey: 'RWQ' };
const problem = { message: 'the key file /k.pub does not exist', hint: 'Put it there.' };

describe('assertTrust', () => {
  it.each([
    ['signature with a key', { require: 'signature', keys: [key] }],
    ['signature with a key and a broken key file', { require: 'signature', keys: [key], problems: [problem] }],
    ['checksum', { require: 'checksum', keys: [] }],
    ['none', { require: 'none', keys: [] }],
  ] as const)('accepts %s', (_name, trust) => {
    expect(() => { assertTrust({ file: null, trust }); }).not.toThrow();
  });
  it('refuses a missing key, and says which file', () => {
    const refuse = (trust: Parameters<typeof assertTrust>[0]['trust']) => () => { assertTrust({ file: '/etc/h.yaml', trust }); };
    expect(refuse({ require: 'signature', keys: [] })).toThrow(expect.objectContaining({ code: 'trust-key-missing', exitCode: 2 }));
    expect(refuse({ require: 'signature', keys: [], problems: [problem] })).toThrow(/\/k\.pub does not exist/u);
  });
});
