// A supervisor in a process of its own, to be killed: argv is install dir, state file, log dir, services as JSON.
// Prints the statuses as one JSON line when all were started, then lives until it is killed or told to stop by TERM.
import { systemClock } from '../../../src/platform/clock.js';
import { createFilesystem } from '../../../src/platform/filesystem.js';
import { createServiceHost } from '../../../src/platform/spawn-service.js';
import { createEmbeddedSupervisor } from '../../../src/services/embedded.js';
import { serviceEnvironment } from '../../../src/services/service-environment.js';
import type { ServiceSettings } from '../../../src/domain/settings.js';

const [installDir = '', stateFile = '', logDirectory = '', json = '[]', generation = ''] = process.argv.slice(2);
const services: ServiceSettings[] = JSON.parse(json);
const silent = (): void => undefined;
const supervisor = createEmbeddedSupervisor({
  services, folderOf: () => installDir, stateFile, clock: systemClock, filesystem: createFilesystem(), generation: () => generation, accepts: ({ generation: older }) => older === process.argv[7],
  host: createServiceHost({ logDirectory, clock: systemClock }), environment: serviceEnvironment(process.env, '/nowhere'),
  log: { debug: silent, info: silent, warn: silent, error: silent },
});
process.on('SIGTERM', () => { void supervisor.stopAll().then(() => process.exit(0)); });
await supervisor.startAll();
console.log(JSON.stringify(await Promise.all(services.map((service) => supervisor.status(service)))));
setInterval(silent, 60_000);
