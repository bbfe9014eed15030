// Asks which processes run now, so that those that were left alone are known again. Never throws: who cannot be asked is left out.
import { isStill, type SeenProcesses } from '../decide/older-processes.js';
import type { RunningFiles } from '../decide/make-plan.js';
import { filesFile } from '../decide/transaction-paths.js';
import type { Device } from '../domain/device.js';
import { recordDir } from '../domain/layout.js';
import type { ServiceSettings } from '../domain/settings.js';
import { readFiles } from '../steps/records.js';
import { readDeviceState } from './device-state.js';
import type { EngineParts } from './parts.js';

type Parts = Pick<EngineParts, 'settings' | 'services' | 'bootId' | 'fs' | 'layout'>;

export async function seeProcesses({ settings, services, bootId }: Parts, only: (service: ServiceSettings) => boolean = () => true): Promise<SeenProcesses> {
  const asked = await Promise.all(settings.services.filter(only).map(async (service): Promise<readonly (readonly [string, number | null])[]> => {
    try { return [[service.name, (await services.status(service)).pid]]; } catch { return []; }
  }));
  return { bootId, pids: new Map(asked.flat()) };
}

/** What services that were held back run from, where they still do. */
export async function readOlder(parts: Parts, { current, versions }: Device): Promise<RunningFiles['older']> {
  const known = Object.entries(readDeviceState(parts.fs, parts.layout).older_processes).filter(([, { taken }]) => taken !== current?.directory);
  if (known.length === 0) return new Map();
  const { pids } = await seeProcesses(parts, ({ name }) => known.some(([other]) => other === name));
  return new Map(known.filter(([name, older]) => isStill(older, pids.get(name) ?? null, parts.bootId)).map(([name, { taken }]) => [name, {
    version: versions.find(({ directory }) => directory === taken)?.version ?? taken, files: readFiles(parts.fs, filesFile(recordDir(parts.layout, taken))) ?? null,
  }]));
}
