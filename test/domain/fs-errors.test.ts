import { expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { explainFsError } from '../../src/domain/fs-errors.js';
import { isTemporaryName, isTemporaryOf, temporaryName } from '../../src/domain/temporary-names.js';

const failure = (code: string, path = '/opt/app/x') => Object.assign(new Error(`${code}: boom`), { code, path });

it.each([
  ['ENOSPC', 'disk-full'], ['EDQUOT', 'disk-full'], ['EROFS', 'disk-read-only'], ['EACCES', 'permission'], ['EPERM', 'permission'], ['EIO', 'step-failed'], ['ENOENT', 'step-failed'],
])('%s is %s, with its cause and what was being done', (errno, code) => {
  const error = explainFsError(failure(errno), 'stage 1.2.0', '/opt/app');
  expect(error).toMatchObject({ code, context: { errno, path: '/opt/app/x' } });
  expect(error.message).toMatch(/^cannot stage 1\.2\.0: /);
  expect(error.cause).toBeInstanceOf(Error);
});

it('knows a missing install directory, keeps our own errors, takes anything thrown', () => {
  expect(explainFsError(failure('ENOENT', '/opt/app'), 'look', '/opt/app').code).toBe('install-missing');
  const ours = new HoldlineError('tree-digest', 'cannot trust it');
  expect(explainFsError(ours, 'look')).toBe(ours);
  expect(explainFsError('a string', 'look')).toMatchObject({ code: 'step-failed', message: 'cannot look: a string' });
});

it.each(['VERSION', 'a b', '.hidden', 'x'.repeat(255), '\u{1F600}'.repeat(63), 'n\nl'])('names a temporary of %j that is short enough and known again', (name) => {
  const temporary = temporaryName(name, 4_194_304, 99_999);
  expect(Buffer.byteLength(temporary)).toBeLessThanOrEqual(255);
  expect(isTemporaryName(temporary)).toBe(true);
  expect(isTemporaryOf(name, temporary)).toBe(true);
  expect(isTemporaryOf(`${name.slice(0, 3)}y`, temporary)).toBe(false);
  expect(isTemporaryName(name)).toBe(false);
});
