import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suggest } from '../../src/domain/suggest.js';

const KEYS = ['check_interval', 'auto_update', 'app', 'asset', 'trust', 'channel', 'max_backups', 'max_retries'];

describe('suggest', () => {
  it.each([['chek_interval', 'check_interval'], ['checkInterval', 'check_interval'], ['check-interval', 'check_interval'], ['AUTO_UPDATE', 'auto_update'], ['turst', 'trust'], ['ap', 'app'], ['max_backup', 'max_backups'], ['chanel', 'channel'], ['zzz', undefined], ['', undefined], ['x'.repeat(10_000), undefined], ['trusted_publishers', undefined]])('%s: %s', (word, expected) => {
    expect(suggest(word, KEYS)).toBe(expected);
  });
  it('finds the word behind any one wrong letter', () => {
    fc.assert(fc.property(fc.constantFrom(...KEYS.filter((key) => key.length > 5)), fc.nat(20), fc.constantFrom('', 'q', 'qz'), (key, at, letters) => {
      const wrong = key.slice(0, at % key.length) + letters + key.slice((at % key.length) + 1);
      if (wrong !== key) expect(suggest(wrong, KEYS)).toBe(key);
    }));
  });
});
