// The pure parts of the source: tags, file names, poll times, content ranges, network errors.
import * as fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { parseContentRange, strongEtag } from '../../src/source/content-range.js';
import { versionInFileName } from '../../src/source/file-version.js';
import { networkError } from '../../src/source/network-errors.js';
import { parseTag } from '../../src/source/parse-tag.js';

describe('parseTag', () => {
  it.each<[string, string | null, string | undefined]>([
    ['v1.2.3', null, '1.2.3'], ['1.2.3', null, '1.2.3'], ['v1.2.3-rc.1', null, '1.2.3-rc.1'], ['v1.2.3+build.5', null, '1.2.3'],
    ['v1.2.3-20261121', null, '1.2.3-20261121'], ['v0.0.0', null, '0.0.0'],
    ['v1.2.3.4', null, undefined], ['v1.2', null, undefined], ['release-1.2.3', null, undefined], ['V1.2.3', null, undefined], ['=1.2.3', null, undefined], ['vv1.2.3', null, undefined],
    [' v1.2.3', null, undefined], ['v1.2.3 ', null, undefined], ['v1.2.3\n', null, undefined], ['v01.2.3', null, undefined], ['v1.2.3-01', null, undefined], ['', null, undefined], ['v', null, undefined],
    ['v1.2.99999999999999999999', null, undefined], [`v1.2.3-${'a'.repeat(300)}`, null, undefined], ['v１.2.3', null, undefined], ['v1.2.3/../..', null, undefined],
    ['sensor-v1.2.3', null, undefined], ['sensor-v1.2.3', 'sensor', '1.2.3'], ['sensor-1.2.3', 'sensor', '1.2.3'], ['sensor-v1.2.3-20261121', 'sensor', '1.2.3'],
    ['sensor-v1.2.3-rc.1-20261121', 'sensor', '1.2.3-rc.1'], ['sensor-v1.2.3-20261399', 'sensor', '1.2.3-20261399'], ['sensor-hub-v1.2.3', 'sensor', undefined],
    ['sensor-hub-v1.2.3', 'sensor-hub', '1.2.3'], ['v1.2.3', 'sensor', undefined], ['sensorv1.2.3', 'sensor', undefined], ['Sensor-v1.2.3', 'sensor', undefined], ['a.c-v1.0.0', 'abc', undefined],
  ])('%j of %j is %j', (tag, component, version) => { expect(parseTag(tag, component)).toBe(version); });

  it('gives plain semver or nothing, whatever comes', () => {
    fc.assert(fc.property(fc.string(), fc.option(fc.string()), (tag, component) => {
      const version = parseTag(tag, component);
      expect(version === undefined || semver.valid(version) === version).toBe(true);
    }));
  });
});

it.each<[string, string | undefined]>([
  ['app-1.2.3.tar.gz', '1.2.3'], ['app-v1.2.3.tgz', '1.2.3'], ['my-app-2-1.2.3-rc.1.tar.gz', '1.2.3-rc.1'], ['v1.2.3.tar.gz', '1.2.3'], ['1.2.3.TAR.GZ', '1.2.3'], ['node-red_4.1.15.tgz', '4.1.15'],
  ['app.tar.gz', undefined], ['app-1.2.tar.gz', undefined], ['app-1.2.3.4.tar.gz', undefined], ['app-1.2.3.zip', undefined], ['app-1.2.3-linux.tar.gz', '1.2.3-linux'],
])('a file %s says version %s', (name, version) => { expect(versionInFileName(name)?.version).toBe(version); });


it.each<[string | null, object | undefined]>([
  ['bytes 5-9/10', { from: 5, to: 9, total: 10 }], ['bytes 5-9/*', { from: 5, to: 9, total: undefined }], ['bytes 9-5/10', undefined], ['bytes 5-10/10', undefined],
  ['bytes */10', undefined], ['items 0-1/2', undefined], [null, undefined], ['bytes 0-1/2, 3-4/5', undefined],
])('content-range %j', (header, range) => { expect(parseContentRange(header)).toEqual(range); });

it.each<[string | null, string | undefined]>([['"abc"', '"abc"'], ['W/"abc"', undefined], ['abc', undefined], [null, undefined], ['"a\r\nx: y"', undefined]])('etag %j', (header, etag) => { expect(strongEtag(header)).toBe(etag); });

describe('networkError', () => {
  const now = new Date('1970-01-01T00:00:05Z');
  const wrap = (code: string): Error => new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
  it.each<[unknown, string, boolean]>([
    [wrap('CERT_NOT_YET_VALID'), '1970-01-01T00:00:05', false], [wrap('CERT_HAS_EXPIRED'), 'timedatectl', false], [wrap('SELF_SIGNED_CERT_IN_CHAIN'), 'NODE_EXTRA_CA_CERTS', false],
    [wrap('ERR_TLS_CERT_ALTNAME_INVALID'), 'another name', false], [wrap('ERR_SSL_WRONG_VERSION_NUMBER'), 'TLS', false], [wrap('ENOTFOUND'), 'not known', true], [wrap('EAI_AGAIN'), 'name server', true],
    [wrap('ECONNREFUSED'), 'refused', true], [wrap('EHOSTUNREACH'), 'no route', true], [wrap('UND_ERR_CONNECT_TIMEOUT'), 'in time', true], [wrap('UND_ERR_SOCKET'), 'broke', true],
    [new TypeError('fetch failed', { cause: new AggregateError([Object.assign(new Error('a'), { code: 'ECONNREFUSED' })]) }), 'refused', true],
    ['a string', 'broke', true], [null, 'broke', true],
  ])('%s says %s', (thrown, words, transient) => {
    const error = networkError(thrown, 'download x', 'https://storage.example/path?sig=secret', now);
    expect([error.code, error.context['transient']]).toEqual(['source-network', transient]);
    expect(`${error.message} ${error.hint ?? ''}`).toContain(words);
    expect(error.message).not.toContain('secret');
  });
});
