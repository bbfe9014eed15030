// A device in a temp folder, updated from a folder by everything that does it for real: settings, source, verification, extraction, engine.
// The modules are loaded by whoever asks, so that a test build can leave a defence out.
import { EventEmitter, once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../../src/domain/settings.js';
import type { DeviceState } from '../../src/domain/state.js';
import type { AcceptedStatement } from '../../src/domain/keys.js';
import type { ServiceController } from '../../src/domain/ports.js';
import type { Report } from '../../src/domain/results.js';
import { statementAssets } from './key-statement.js';
import { ANY_CONDITION } from './any-condition.js';
import { signAs, type TestKey } from './signed-release.js';
import { makeTempFolder, removeTempFolder } from './temp-folder.js';
import { writeFiles } from './device-world.js';

export const ATTACKED_REPO = 'acme/monitoring';

export interface Attack {
  readonly version?: string;
  readonly repo?: string;
  /** null: unsigned. */
  readonly key: TestKey | null;
  readonly comment?: string;
  readonly manifest?: (manifest: Record<string, unknown>) => Record<string, unknown>;
  /** After signing, by whoever can write to the release. */
  readonly tamper?: (folder: string) => void;
  readonly statement?: { readonly statement: AcceptedStatement; readonly by: readonly TestKey[] };
  readonly trust: object;
  readonly state?: Partial<DeviceState>;
  /** Changes of keys accepted before. */
  readonly known?: readonly AcceptedStatement[];
}

export interface Attacked {
  readonly root: string;
  /** `installed`, another outcome, or the code of the refusal. @param fetcher a program; default: no process of its own */
  update(fetcher?: string, signal?: AbortSignal): Promise<string>;
  /** Takes the place of the release before. */
  publish(version: string): Promise<void>;
  version(): string;
  /** Every file of the running version, as one text. */
  texts(): string;
  /** Resolves when an update tells this state. */
  asked(state: string): Promise<void>;
  close(): void;
}

/** `installed`, another outcome, or the code of the refusal. */
export async function runAttack(attack: Attack): Promise<string> {
  const device = await makeAttacked(attack);
  try { return await device.update(); } finally { device.close(); }
}

export async function makeAttacked(attack: Attack): Promise<Attacked> {
  const root = makeTempFolder('attack');
  const [release, app, state] = [join(root, 'release'), join(root, 'app'), join(root, 'state')];
  writeFiles(app, { 'VERSION': '1.0.0\n', 'src/main.js': 'one\n', 'src/same.js': 'same\n', 'config/app.yaml': 'port: 1\n' });
  mkdirSync(state);
  await makeRelease(attack, root, release);
  const { EMPTY_STATE } = await import('../../src/domain/state.js');
  writeFileSync(join(state, 'state.json'), JSON.stringify({ ...EMPTY_STATE, ...attack.state }));
  if (attack.known !== undefined) writeFileSync(join(state, 'keys.json'), JSON.stringify({ format: 1, statements: attack.known }));
  const settings = await load(attack, root);
  const told = new EventEmitter();
  return {
    root, close: () => removeTempFolder(root),
    update: (fetcher, signal) => update(settings, release, (event) => { if (event.type === 'state') told.emit(event.state); }, fetcher, signal),
    publish: async (version) => { for (const folder of [release, join(root, 'tree')]) rmSync(folder, { recursive: true }); await makeRelease({ ...attack, version }, root, release); },
    version: () => readFileSync(join(app, 'VERSION'), 'utf8').trim(),
    texts: () => ['VERSION', 'src', 'config'].flatMap((name) => Object.values(readTexts(join(app, name)))).join('\n'),
    asked: async (wanted) => { await once(told, wanted); },
  };
}

function readTexts(path: string): readonly string[] {
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => readTexts(join(path, name))) : [readFileSync(path, 'utf8')];
}

async function makeRelease(attack: Attack, root: string, out: string): Promise<void> {
  const { buildRelease } = await import('../../src/publish/build-release.js');
  const { createFilesystem } = await import('../../src/platform/filesystem.js');
  const { formatTrustedComment } = await import('../../src/artifact/trusted-comment.js');
  const version = attack.version ?? '1.1.0';
  const [tree, tag, repo] = [join(root, 'tree'), `v${version}`, attack.repo ?? ATTACKED_REPO];
  writeFiles(tree, { 'VERSION': `${version}\n`, 'src/main.js': 'two\n', 'src/same.js': 'same\n', 'config/app.yaml': 'port: 1\n' });
  await buildRelease({ fs: createFilesystem(), log: SILENT }, { directory: tree, repo, tag, out, key: null });
  const file = join(out, 'holdline.json');
  const plain = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify(attack.manifest?.(plain) ?? plain));
  if (attack.key !== null) writeFileSync(join(out, 'holdline.json.minisig'), signAs(attack.key, readFileSync(file), attack.comment ?? formatTrustedComment({ repo, tag })));
  for (const [name, bytes] of Object.entries(attack.statement === undefined ? {} : statementAssets(attack.statement.statement, attack.statement.by))) writeFileSync(join(out, name), bytes);
  attack.tamper?.(out);
}

async function load(attack: Attack, root: string): Promise<Settings> {
  const { loadSettings } = await import('../../src/settings/load-settings.js');
  const values = {
    github_repo: ATTACKED_REPO, app: 'app', install_dir: join(root, 'app'), state_dir: join(root, 'state'), runtime_dir: join(root, 'run'), backup_path: join(root, 'backups'),
    probation: { seconds: 0 }, max_retries: 0, retry_delay: 0, ...ANY_CONDITION, trust: attack.trust,
  };
  return loadSettings({ text: JSON.stringify(values), file: join(root, 'holdline.yaml'), env: {}, dotenv: null, flags: {}, cwd: root, readKeyFile: (path) => readFileSync(path, 'utf8') });
}

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const NO_SERVICES: ServiceController = { start: () => Promise.resolve(), stop: () => Promise.resolve(), reload: () => Promise.resolve(), status: () => Promise.reject(new Error('there are none')) };

async function update(settings: Settings, from: string, report: Report, fetcher: string | undefined, signal = new AbortController().signal): Promise<string> {
  const { wireUpdater } = await import('../../src/main/wire-updater.js');
  const { localSources } = await import('../../src/main/fetcher/local-sources.js');
  const updater = wireUpdater(settings, { services: NO_SERVICES, report, log: SILENT, actor: 'test', supervisorRuns: false, usage: {}, fetcher: fetcher ?? localSources });
  try {
    const result = await updater.run({ kind: 'update', version: undefined, from, dryRun: false }, signal) as { readonly outcome: string };
    return result.outcome === 'updated' ? 'installed' : result.outcome;
  } catch (thrown) {
    // By its field: the class is another one in a test build.
    return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : `uncoded: ${String(thrown)}`;
  }
}

/** The payload of a release folder. */
export const payloadOf = (folder: string): string => join(folder, readdirSync(folder).find((name) => name.endsWith('.tar.gz')) ?? '');
