// What a new process makes of the descriptors it was given: all of them resume an epoch, some of them never do.
import { linkSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadCLibrary } from '../../src/bridge/c-library.js';
import { createEpoch, openEndedEpochs, prepareSpool, resumeEpoch } from '../../src/bridge/epochs.js';
import { formatKeptFiles, readKeptFiles } from '../../src/bridge/kept-files.js';
import type { KeptName } from '../../src/bridge/kept-files.js';
import { nativeSystem } from '../../src/bridge/native-system.js';
import { lineFiles, makePipe, resumeLine, salvageLine } from '../../src/bridge/open-line.js';
import { parseRunOptions } from '../../src/bridge/options.js';
import type { System } from '../../src/bridge/system.js';

const library = loadCLibrary();
let directory: string;
let system: System;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hlo-'));
  mkdirSync(join(directory, 'real'));
  symlinkSync('real', join(directory, 'link'));
  if (library === undefined) throw new Error('koffi does not load here');
  system = nativeSystem(library);
});
afterEach(() => { rmSync(directory, { recursive: true, force: true }); });

/** An epoch as a killed bridge leaves it; /dev/null plays the port. */
function leave(): { files: Map<KeptName, number>; options: ReturnType<typeof parseRunOptions>; id: string; pipe: number; folder: string } {
  const parsed = parseRunOptions(['--name', 'n', '--port', '/dev/null', '--socket-dir', join(directory, 'link')], {});
  // The spool is reached through a link: descriptors know only the real path.
  const options = { ...parsed, spool: prepareSpool(parsed.spool) };
  const stream = createEpoch(system, options.spool);
  const pipe = makePipe(system, join(stream.directory, 'pipe'))!;
  stream.append(Buffer.from('to the device'));
  system.seek(stream.tx, 5);
  writeFileSync(join(stream.directory, 'rx'), 'stored ');
  writeFileSync(`/proc/self/fd/${pipe}`, 'in the pipe');
  return { files: lineFiles({ tty: openSync('/dev/null', 'r+'), pipe, stream, reader: undefined }), options, id: stream.id, pipe, folder: stream.directory };
}

it('all of them: the epoch goes on where it was', () => {
  const { files, options, id } = leave();
  const line = resumeLine(system, options, files);
  expect(line?.stream).toMatchObject({ id, head: 7, accepted: 13, confirmed: 5 });
});

it('also under another path, as after a restart in a mount namespace of its own', () => {
  const { files, options, id, folder } = leave();
  linkSync(join(folder, 'tx'), join(directory, 'elsewhere'));
  files.set('tx', openSync(join(directory, 'elsewhere'), 'r+'));
  expect(resumeLine(system, options, files)?.stream.id).toBe(id);
});

it.each<KeptName>(['tty', 'pipe', 'tx'])('without %s: a new epoch', (missing) => {
  const { files, options } = leave();
  files.delete(missing);
  expect(resumeLine(system, options, files)).toBeUndefined();
});

it('a foreign or deleted file is no epoch', () => {
  const { files, options, folder } = leave();
  expect(resumeEpoch(system, options.spool, openSync('/dev/null', 'r'))).toBeUndefined();
  expect(resumeEpoch(system, join(directory, 'elsewhere'), files.get('tx')!)).toBeUndefined();
  rmSync(folder, { recursive: true });
  expect(resumeLine(system, options, files)).toBeUndefined();
});

it('the device went while no bridge lived: nothing of the old epoch is lost', () => {
  const { files, options, folder, id } = leave();
  files.delete('tty');
  salvageLine(system, options, files);
  expect(readFileSync(join(folder, 'rx'), 'utf8')).toBe('stored in the pipe');
  expect(openEndedEpochs(system, options.spool, undefined)).toMatchObject([{ id, head: 18, confirmed: 5, ended: true }]);
});

it('damaged leftovers on the spool are removed, the rest is kept', () => {
  const { options, folder } = leave();
  rmSync(join(folder, 'tx'));
  expect(openEndedEpochs(system, options.spool, undefined)).toEqual([]);
});

it.each([
  ['nothing', {}, []],
  ['a closed descriptor', { HOLDLINE_BRIDGE_FDS: 'tty=9999' }, []],
  ['nonsense', { HOLDLINE_BRIDGE_FDS: 'tty=,=5,what,pipe=-1,tx=1' }, []],
  ['systemd for another process', { LISTEN_PID: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: 'tty' }, []],
])('reads %s', (_what, env, names) => { expect([...readKeptFiles(env, process.pid).keys()]).toEqual(names); });

it('reads what it has written', () => {
  const file = openSync('/dev/null', 'r');
  expect(readKeptFiles({ HOLDLINE_BRIDGE_FDS: `${formatKeptFiles(new Map([['tty', file]]))},tty=1` }, 1)).toEqual(new Map([['tty', file]]));
});
