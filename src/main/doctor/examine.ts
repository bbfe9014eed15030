// `holdline doctor`: all findings, device first, then network.
import type { Layout } from '../../domain/layout.js';
import type { Settings } from '../../domain/settings.js';
import type { DoctorFinding } from '../../interface/app.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createFetch } from '../../platform/http.js';
import { createProcesses } from '../../platform/processes.js';
import { fetcherScript } from '../fetcher/fetcher-script.js';
import { probeFetcher } from '../fetcher/probe-fetcher.js';
import { layoutOf } from '../layout-of.js';
import { examineDevice, examineFolders, passed, warned } from './examine-device.js';
import { examineFitness } from './examine-fitness.js';
import { examineNetwork } from './examine-network.js';

export async function examine(settings: Settings, layout: Layout): Promise<DoctorFinding[]> {
  const parts = { settings, layout, fs: createFilesystem(), clock: systemClock, processes: createProcesses(), path: process.env['PATH'] ?? '' };
  const folders: DoctorFinding[] = [];
  for (const view of settings.components ?? []) folders.push(...(await examineFolders({ ...parts, settings: view, layout: layoutOf(view) })).map((finding) => ({ ...finding, check: `${view.component.name}: ${finding.check}` })));
  const device = [...await examineDevice(parts), ...folders, ...await examineFitness(parts), examineRights(await probeFetcher(fetcherScript(), settings, layout))];
  return [...device, ...await examineNetwork({ settings, clock: systemClock, fetch: createFetch({ proxy: settings.proxy }) })];
}

function examineRights(lacks: string | null): DoctorFinding {
  if (lacks === null) return passed('fetcher', 'what talks to the network and unpacks may read and speak TCP, nothing else');
  return warned('fetcher', `what talks to the network and unpacks runs with all rights of this user: ${lacks}`, 'Use a kernel with seccomp filters (Raspberry Pi OS and Debian have them); in a container or unit, allow the system call seccomp.');
}
