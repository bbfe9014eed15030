// Services when no daemon runs: units through systemctl, embedded ones are the daemon's and stay as they are.
import { supervisorFile, type Layout } from '../../domain/layout.js';
import type { ServiceController } from '../../domain/ports.js';
import { createServiceHost } from '../../platform/spawn-service.js';
import { createFilesystem } from '../../platform/filesystem.js';
import { createProcesses } from '../../platform/processes.js';
import { systemClock } from '../../platform/clock.js';
import { createAbsentSupervisor } from '../../services/absent-supervisor.js';
import { createController } from '../../services/controller.js';
import { createSystemd } from '../../services/systemd.js';
import { join } from 'node:path';

export function servicesWithoutDaemon(layout: Layout): ServiceController {
  const host = createServiceHost({ logDirectory: join(layout.runtimeDir, 'logs'), clock: systemClock });
  return createController({
    systemd: createSystemd({ processes: createProcesses(), environment: process.env }),
    embedded: createAbsentSupervisor({ host, filesystem: createFilesystem(), stateFile: supervisorFile(layout) }),
    upgradeBridge: async (name) => (await import('../upgrade-bridge.js')).upgradeBridge(name),
  });
}
