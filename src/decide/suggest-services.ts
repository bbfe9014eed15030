// For `holdline init`: which systemd units and commands probably run the app. A guess a person reads before it counts.
import { basename, dirname, isAbsolute, normalize, sep } from 'node:path';

export interface CandidateUnit {
  /** `monitoring.service`. */
  readonly name: string;
  readonly text: string;
}

export interface AppFolder {
  readonly path: string;
  /** Names in it. */
  readonly names: readonly string[];
  /** Text of its package.json; null where there is none. */
  readonly packageJson: string | null;
}

export interface SuggestedServices {
  readonly installDir: string | null;
  readonly services: readonly ({ readonly unit: string } | { readonly name: string; readonly command: readonly string[] })[];
}

/** Folders of the system: a program there says nothing about where an app lives. */
const SYSTEM_FOLDERS = ['/', '/bin', '/sbin', '/usr', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/lib', '/usr/lib', '/etc', '/root', '/home', '/tmp', '/var', '/run', '/opt'];

export function suggestServices(app: string, units: readonly CandidateUnit[], folder: AppFolder | null): SuggestedServices {
  const own = units.filter((unit) => !unit.name.startsWith('holdline'));
  const found = own
    .map((unit) => ({ unit, folders: foldersOf(unit.text) }))
    .filter(({ unit, folders }) => stem(unit.name) === app || folders.some((path) => basename(path) === app || (folder !== null && isUsable(folder.path) && within(path, folder.path))));
  if (found.length > 0) {
    return { installDir: chooseFolder(app, found.flatMap(({ folders }) => folders), folder), services: found.map(({ unit }) => ({ unit: unit.name })) };
  }
  const command = folder === null ? undefined : commandOf(folder);
  return { installDir: folder?.path ?? null, services: command === undefined ? [] : [{ name: app, command }] };
}

function chooseFolder(app: string, folders: readonly string[], folder: AppFolder | null): string | null {
  const named = folders.find((path) => basename(path) === app);
  return named ?? (folder !== null && folders.some((path) => within(path, folder.path)) ? folder.path : folders[0] ?? folder?.path ?? null);
}

/** WorkingDirectory first, then the folders of the absolute paths in ExecStart, an app's `src` or `bin` counted as its parent. */
function foldersOf(text: string): readonly string[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n').map((line) => line.trim());
  const valuesOf = (key: string): string[] => lines.filter((line) => new RegExp(`^${key}\\s*=`, 'u').test(line)).map((line) => line.slice(line.indexOf('=') + 1).trim());
  const working = valuesOf('WorkingDirectory').map((value) => value.replace(/^[-~]+/u, '').replaceAll('"', ''));
  const started = valuesOf('ExecStart').flatMap((value) => value.replace(/^[-@:+!|]+/u, '').split(/\s+/u).map((word) => word.replaceAll('"', '')));
  const programs = started.filter((word) => isAbsolute(word)).map((word) => dirname(word)).map((path) => (['src', 'bin', 'dist', 'lib'].includes(basename(path)) ? dirname(path) : path));
  return [...new Set([...working, ...programs].filter((path) => isAbsolute(path)).map((path) => trimSlash(normalize(path))).filter(isUsable))];
}

/** `npm start` costs a shell and a second process that hides the app's exit code, so a plain `node FILE` is preferred. */
function commandOf(folder: AppFolder): readonly string[] | undefined {
  const { start, main } = readPackage(folder.packageJson);
  const plain = start === undefined ? undefined : /^node\s+(?<file>[A-Za-z0-9._/-]+)$/u.exec(start)?.groups?.['file'];
  if (plain !== undefined) return ['node', plain];
  if (start !== undefined) return ['npm', 'start'];
  if (main !== undefined) return ['node', main];
  const file = ['server.js', 'index.js', 'app.js', 'main.js'].find((candidate) => folder.names.includes(candidate));
  return file === undefined ? undefined : ['node', file];
}

function readPackage(text: string | null): { readonly start?: string | undefined; readonly main?: string | undefined } {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null) return {};
    const scripts: unknown = Reflect.get(value, 'scripts');
    const start: unknown = typeof scripts === 'object' && scripts !== null ? Reflect.get(scripts, 'start') : undefined;
    const main: unknown = Reflect.get(value, 'main');
    return { start: typeof start === 'string' && start !== '' ? start : undefined, main: typeof main === 'string' && main !== '' ? main : undefined };
  } catch {
    return {};
  }
}

const stem = (unit: string): string => unit.replace(/\.service$/u, '');
const trimSlash = (path: string): string => (path.length > 1 && path.endsWith(sep) ? path.slice(0, -1) : path);
const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}${sep}`);
const isUsable = (path: string): boolean => !SYSTEM_FOLDERS.includes(path);
