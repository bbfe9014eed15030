import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureDeviceId, readDeviceId } from '../../src/engine/device-id.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let folder: string;
beforeEach(() => { folder = makeTempFolder('device id'); });
afterEach(() => removeTempFolder(folder));
const places = () => ({ fs: createFilesystem(), layout: { sharedDir: join(folder, 'state') } });
const file = (): string => join(folder, 'state', 'device-id');

describe('the name of a device', () => {
  it('is made once and kept, alone in its folder', () => {
    expect(readDeviceId(places())).toBeNull();
    expect(ensureDeviceId(places(), () => 'a'.repeat(32))).toBe('a'.repeat(32));
    expect(ensureDeviceId(places(), () => 'b'.repeat(32))).toBe('a'.repeat(32));
    expect(readFileSync(file(), 'utf8')).toBe(`${'a'.repeat(32)}\n`);
    expect(readdirSync(join(folder, 'state'))).toEqual(['device-id']);
  });
  it('is the first one\'s where two begin at once', () => {
    const other = (): string => { writeFileSync(file(), 'first\n'); return 'second'; };
    ensureDeviceId(places(), () => 'x');
    const { fs } = places();
    fs.remove(file());
    expect(ensureDeviceId(places(), other)).toBe('first');
    expect(readdirSync(join(folder, 'state'))).toEqual(['device-id']);
  });
  it.each([['empty', ''], ['damaged', '\0\0\0'], ['too long', 'x'.repeat(65)]])('is made anew where it is %s', (_name, content) => {
    ensureDeviceId(places(), () => 'x');
    writeFileSync(file(), content);
    expect(readDeviceId(places())).toBeNull();
    expect(ensureDeviceId(places(), () => 'anew')).toBe('anew');
    expect(readDeviceId(places())).toBe('anew');
  });
});
