// A device of several components in one repository: a database, an app that needs it, a dashboard that needs nobody.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFiles, type Files } from '../device-world.js';
import { createWorld, freePort, type SettingsValues, type World } from './world.js';
import { appFiles, type Behaviour } from './app-files.js';

export const NAMES = ['database', 'app', 'dashboard'] as const;
export type Name = (typeof NAMES)[number];

export interface Plant extends World {
  readonly ports: Readonly<Record<Name, number>>;
  folder(name: Name): string;
  version(name?: Name): string;
  /** Of a component, through its tag `NAME-v1.2.3`. */
  release(name: Name, version: string, how?: Behaviour, more?: { readonly needs?: Readonly<Record<string, string>>; readonly files?: Files }): Promise<void>;
  components(over?: Readonly<Partial<Record<Name, object>>>, more?: SettingsValues): void;
  /** What answers on its port: the version that runs there. */
  answers(name: Name): Promise<string | undefined>;
}

export async function createPlant(): Promise<Plant> {
  const world = await createWorld({ installed: null, github: { limits: { anonymous: 1000 } } });
  const ports = { database: await freePort(), app: await freePort(), dashboard: await freePort() };
  const folder = (name: Name): string => join(world.root, `the ${name}`);
  for (const name of NAMES) {
    mkdirSync(folder(name));
    writeFiles(folder(name), appFiles('1.0.0', 'good', { 'src/verdict': 'good\n' }));
  }
  const plant: Plant = {
    ...world, ports, folder,
    version: (name = 'app') => readFileSync(join(folder(name), 'VERSION'), 'utf8').trim(),
    async release(name, version, how = 'good', { needs, files = {} } = {}) {
      await world.publish(version, appFiles(version, how, files), { tag: `${name}-v${version}`, version, name, ...(needs === undefined ? {} : { requires: { components: needs } }) });
    },
    components(over = {}, more = {}) {
      const one = (name: Name, own: object): object => ({ install_dir: folder(name), ...own, ...over[name] });
      world.configure({
        install_dir: undefined, components: { app: one('app', { depends_on: { database: '>=1 <3' } }), dashboard: one('dashboard', {}), database: one('database', {}) }, ...more,
      });
    },
    async answers(name) {
      try { return (await (await fetch(`http://127.0.0.1:${ports[name]}/`, { signal: AbortSignal.timeout(2000) })).json() as { version: string }).version; } catch { return undefined; }
    },
  };
  plant.components();
  return plant;
}

/** An embedded service with its probe, for a component that runs under the daemon. */
export const served = (plant: Pick<Plant, 'ports'>, name: Name): object => ({
  services: [{ name, command: ['node', 'src/server.js'], env: { PORT: String(plant.ports[name]) }, stop_timeout: 1 }],
  health: [{ http: `http://127.0.0.1:${plant.ports[name]}/health`, status: 200, timeout: 1 }],
});

