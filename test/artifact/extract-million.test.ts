// As many entries as nobody ships: refused at the limit, in bounded memory, with nothing left behind. In a process of its own, as the fetcher
// has one, and with names that are hardest to keep: none is its own folded form.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadSettings } from '../../src/settings/load-settings.js';
import { buildChild, type RefusedExtract } from '../support/build-child.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { file, link, rawEntry } from '../support/tar-builder.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const ENTRIES = 1_000_000;
const DIGITS = 7;
const MAX_MIB = 150;
let root: string;
let child: string;
beforeAll(() => { root = makeTempFolder('million'); child = buildChild('refused-extract-child', root); });
afterAll(() => removeTempFolder(root));

/** A good archive until its end: links, for they are written last, so that the disk has no part in it. */
function* million(): Generator<Buffer> {
  yield rawEntry(file('VERSION', '1.0.0\n'));
  const entry = rawEntry(link(`src/A-Longer-Folder-Name/Entry-Number-${'0'.repeat(DIGITS)}`, 'x'));
  const name = entry.indexOf('0'.repeat(DIGITS));
  const checksum = Number.parseInt(entry.toString('latin1', 148, 154), 8);
  for (let index = 0; index < ENTRIES; index += 1) {
    const digits = String(index).padStart(DIGITS, '0');
    entry.write(digits, name, 'latin1');
    entry.write((checksum + [...digits].reduce((sum, digit) => sum + Number(digit), 0)).toString(8).padStart(6, '0'), 148, 'latin1');
    yield Buffer.from(entry);
  }
  yield Buffer.alloc(1024);
}

const { limits } = loadSettings({ text: 'github_repo: lab/app\ntrust: {require: none}\n', file: null, env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => '' });

function refusal(payload: string, into: string, changed: Partial<typeof limits> = {}): Promise<RefusedExtract> {
  const ran = spawn(process.execPath, [child, payload, into, JSON.stringify({ ...limits, ...changed })], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  ran.stdout.on('data', (piece: Buffer) => { text += piece.toString(); });
  return new Promise((resolve, reject) => { ran.once('error', reject); ran.once('close', (code) => (code === 0 ? resolve(JSON.parse(text) as RefusedExtract) : reject(new Error(`it ended with ${code}`)))); });
}

it('a million entries: refused at the limit the settings have by themselves, below 150 MiB, and nothing stays', async () => {
  const payload = join(root, 'million.tar.gz');
  await pipeline(million, createGzip({ level: 1 }), createWriteStream(payload));
  mkdirSync(join(root, 'work'));
  writeFileSync(join(root, 'work/neighbour'), '');
  const before = snapshotFolder(root);
  const refused = await refusal(payload, join(root, 'work/tree'));
  expect(refused.code).toBe('archive-limit');
  expect(refused.peakRssMiB).toBeLessThan(MAX_MIB);
  expect(snapshotFolder(root)).toEqual(before);
  // Control: with a limit that is too high the same archive takes more than that.
  expect((await refusal(payload, join(root, 'work/tree'), { entries: 500_000 })).peakRssMiB).toBeGreaterThan(MAX_MIB);
}, 180_000);
