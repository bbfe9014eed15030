// From inside: what a taken-over fetcher would try. The same attempts by a process that kept its rights are the control.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChild } from '../support/build-child.js';
import { snapshotFolder } from '../support/folder-snapshot.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

interface Told { readonly given: unknown; readonly results: Readonly<Record<string, string>> }

let folder: string;
/** Inside the repository: koffi is found from there. */
let programs: string;
let server: Server;
const victims: ChildProcess[] = [];
beforeAll(() => {
  folder = makeTempFolder('rights');
  mkdirSync('.cache', { recursive: true });
  programs = mkdtempSync(join(process.cwd(), '.cache/rights-'));
  server = createServer((peer) => peer.end()).listen(join(folder, 'socket'));
});
afterAll(() => { server.close(); for (const victim of victims) victim.kill('SIGKILL'); removeTempFolder(folder); rmSync(programs, { recursive: true }); });

async function tryEverything(how: 'confined' | 'free'): Promise<{ readonly told: Told; readonly root: string; readonly before: unknown; readonly victim: ChildProcess }> {
  const root = join(folder, how);
  for (const name of ['app/.holdline/versions/1.0.0', 'state/journal']) mkdirSync(join(root, name), { recursive: true });
  for (const [name, text] of [['app/.holdline/versions/1.0.0/main.js', 'one'], ['app/.holdline/versions/1.0.0/lib.js', 'two'], ['state/journal/1.journal', 'line\n']] as const) writeFileSync(join(root, name), text);
  const systemctl = join(folder, `systemctl-${how}`);
  cpSync('/bin/true', systemctl);
  const victim = spawn('sleep', ['300'], { stdio: 'ignore' });
  victims.push(victim);
  const before = snapshotFolder(root);
  const child = buildChild('confined-child', programs);
  const { stdout } = await promisify(execFile)(process.execPath, [child, how, root, systemctl, join(folder, 'socket'), String(victim.pid)]);
  return { told: JSON.parse(stdout) as Told, root, before, victim };
}

const ALLOWED = ['reads the tree', 'reads its own memory map', 'resolves a name', 'speaks TCP'];

describe('giveUpRights', () => {
  it('leaves reading and TCP, and nothing by which the live tree, the journal, a unit or another process is reached', async () => {
    const { told, root, before, victim } = await tryEverything('confined');
    expect(told.given).toEqual({ done: true });
    expect(Object.entries(told.results).filter(([, result]) => result === 'worked').map(([name]) => name)).toEqual(ALLOWED);
    expect(Object.entries(told.results).filter(([, result]) => result !== 'worked' && !/^(?:EPERM|ERR_WORKER_\w+)$/u.test(result))).toEqual([]);
    expect(snapshotFolder(root)).toEqual(before);
    expect(victim.signalCode).toBeNull();
    expect(readFileSync(`/proc/${victim.pid}/comm`, 'utf8')).toBe('sleep\n');
  });

  it('control: with its rights kept the same process does it all', async () => {
    const { told, root, before, victim } = await tryEverything('free');
    // A kernel may keep the memory of processes that are not one's children for root.
    expect(Object.entries(told.results).filter(([name, result]) => result !== 'worked' && name !== 'opens another process\'s memory')).toEqual([]);
    expect(snapshotFolder(root)).not.toEqual(before);
    if (victim.signalCode === null) await once(victim, 'exit');
    expect(victim.signalCode).toBe('SIGKILL');
  });
});
