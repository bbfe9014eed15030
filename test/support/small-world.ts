// A device in a temp folder and fake steps that are as small as the real ones are in kind: files, a rename, a link, services.
// For proving runner, recovery and harness; the real steps have scenarios of their own.
import { mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BeginRecord } from '../../src/domain/journal.js';
import type { Plan, PlanStep, StepName } from '../../src/domain/plan.js';
import type { Clock, Filesystem, Logger } from '../../src/domain/ports.js';
import type { StepRegistry, Run } from '../../src/engine/run.js';
import type { Journal } from '../../src/engine/journal.js';
import { makeMemoryFolder, removeTempFolder } from './temp-folder.js';

export interface SmallWorld { readonly dir: string; readonly install: string; readonly state: string; readonly journals: string }
export interface SmallContext { readonly fs: Filesystem; readonly house: string; readonly failIn?: StepName }

const TRANSACTION = '20261121T093000Z-1a2b3c';
const OLD = '1.0.0-aaaaaaaaaaaa';
const NEW = '1.1.0-bbbbbbbbbbbb';
const FILES = { 'src/a.js': 'new a\n'.repeat(50), 'src/b.js': 'new b\n', 'VERSION': '1.1.0\n' };
const OLD_FILES = { 'src/a.js': 'old a\n', 'VERSION': '1.0.0\n' };

export const fixedClock: Clock = { now: () => new Date('2026-11-21T09:30:00Z'), monotonicMs: () => 0, sleep: async () => undefined };
export const silentLog: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export function makeWorld(): SmallWorld {
  const dir = makeMemoryFolder('world');
  const install = join(dir, 'app');
  const state = join(dir, 'state');
  writeTree(join(install, '.holdline/versions', OLD), OLD_FILES);
  symlinkSync(`versions/${OLD}`, join(install, '.holdline/current'));
  mkdirSync(state);
  return { dir, install, state, journals: join(state, 'journal') };
}

export const destroyWorld = (world: SmallWorld): void => removeTempFolder(world.dir);

export function beginRecord(world: SmallWorld, steps: readonly PlanStep[] = planSteps(join(world.install, '.holdline')), transaction: string = TRANSACTION): BeginRecord {
  const plan: Plan = {
    kind: 'update', from: { version: '1.0.0', directory: OLD }, to: { version: '1.1.0', directory: NEW }, steps, services: ['web'],
    probation: { seconds: 60, interval: 5, failures: 3, max_restarts: 3 },
  };
  return { type: 'begin', format: 1, transaction, app: 'app', install_dir: world.install, state_dir: world.state, at: '2026-11-21T09:30:00.000Z', actor: 'test', plan };
}

export function planSteps(house: string): PlanStep[] {
  const staging = join(house, 'staging', TRANSACTION);
  const placed = join(house, 'versions', NEW);
  const step = (name: StepName, state: PlanStep['state'], undo: PlanStep['undo'] = []): PlanStep => ({ name, state, summary: `${name} of 1.1.0`, params: { staging, placed }, undo });
  return [
    step('stage-tree', 'staging', [{ op: 'remove', path: staging }]),
    step('write-record', 'preparing', [{ op: 'remove', path: join(house, 'records', NEW) }]),
    step('sync-tree', 'preparing'),
    step('place-version', 'ready', [{ op: 'remove', path: placed }]),
    step('stop-services', 'switching'),
    step('switch-current', 'switching', [{ op: 'link', path: join(house, 'current'), target: `versions/${OLD}` }]),
    step('start-services', 'switching'),
  ];
}

interface Params { readonly staging: string; readonly placed: string }
type Do = (context: SmallContext, params: Params) => void;

const ACTIONS: Partial<Record<StepName, Do>> = {
  'stage-tree': ({ fs }, { staging }) => {
    for (const [path, content] of Object.entries(FILES)) {
      fs.makeDirectory(join(staging, 'tree', path, '..'));
      const file = fs.open(join(staging, 'tree', path), 'truncate');
      file.write(Buffer.from(content));
      file.close();
    }
  },
  'write-record': ({ fs, house }) => {
    fs.makeDirectory(join(house, 'records', NEW));
    fs.writeDurably(join(house, 'records', NEW, 'record.json'), '{}');
  },
  'sync-tree': ({ fs }, { staging }) => fs.syncFilesystem(staging),
  'place-version': ({ fs }, { staging, placed }) => {
    if (fs.stat(join(staging, 'tree')) !== undefined) fs.rename(join(staging, 'tree'), placed);
    fs.sync(join(placed, '..'));
  },
  'stop-services': () => undefined,
  'switch-current': ({ fs, house }) => fs.linkDurably(`versions/${NEW}`, join(house, 'current')),
  'start-services': () => undefined,
};

export const smallSteps: StepRegistry<SmallContext> = Object.fromEntries(Object.entries(ACTIONS).map(([name, act]) => [name, {
  name,
  plan: () => { throw new Error('planned by hand'); },
  do: async (context: SmallContext, params: Params) => {
    act(context, params);
    if (context.failIn === name) throw new Error(`${name} fails`);
  },
}]));

export function smallRun(world: SmallWorld, fs: Filesystem, journal: Journal, failIn?: StepName): Run<SmallContext> {
  const context = { fs, house: join(world.install, '.holdline'), ...(failIn === undefined ? {} : { failIn }) };
  return { journal, fs, steps: smallSteps, context, clock: fixedClock, report: () => undefined, log: silentLog, signal: new AbortController().signal };
}

/** What follows a commit, repeated by settle: here only clearing the staging folder. */
export const afterCommit = (world: SmallWorld, fs: Filesystem): void => fs.remove(join(world.install, '.holdline/staging', TRANSACTION));

/** Exactly OLD or exactly NEW, by plain node:fs. */
export function checkWorld(world: SmallWorld): 'old' | 'new' {
  const house = join(world.install, '.holdline');
  const selected = readlinkSync(join(house, 'current'));
  const found = JSON.stringify(readTree(world.install));
  const expect = (kind: 'old' | 'new'): string => JSON.stringify(Object.fromEntries(Object.entries({
    '.holdline/current': `-> versions/${kind === 'old' ? OLD : NEW}`,
    ...below(`.holdline/versions/${OLD}`, OLD_FILES),
    ...(kind === 'new' ? { ...below(`.holdline/versions/${NEW}`, FILES), [`.holdline/records/${NEW}/record.json`]: '{}' } : {}),
  }).sort()));
  const kind = selected === `versions/${OLD}` ? 'old' : 'new';
  if (found !== expect(kind)) throw new Error(`neither old nor new: current selects ${selected}, found ${found}`);
  return kind;
}

const below = (dir: string, files: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(files).map(([path, content]) => [`${dir}/${path}`, content]));

function writeTree(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
}

/** Every file and link below `dir`; empty folders do not count. */
function readTree(dir: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) found[path.slice(dir.length + 1)] = `-> ${readlinkSync(path)}`;
    else if (!statSync(path).isDirectory()) found[path.slice(dir.length + 1)] = readFileSync(path, 'utf8');
  }
  return Object.fromEntries(Object.entries(found).sort());
}
