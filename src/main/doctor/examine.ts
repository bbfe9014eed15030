// `holdline doctor`: all findings, device first, then network.
import type { Layout } from '../../domain/layout.js';
import type { Settings } from '../../domain/settings.js';
import type { DoctorFinding } from '../../interface/app.js';
import { systemClock } from '../../platform/clock.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createFetch } from '../../platform/http.js';
import { createProcesses } from '../../platform/processes.js';
import { examineDevice } from './examine-device.js';
import { examineNetwork } from './examine-network.js';

export async function examine(settings: Settings, layout: Layout): Promise<DoctorFinding[]> {
  const device = await examineDevice({ settings, layout, fs: createFilesystem(), clock: systemClock, processes: createProcesses(), path: process.env['PATH'] ?? '' });
  return [...device, ...await examineNetwork({ settings, clock: systemClock, fetch: createFetch({ proxy: settings.proxy }) })];
}
