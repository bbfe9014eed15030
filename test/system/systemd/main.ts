// The proof on one Debian version, from first install to the timer variant, one scenario after the other on one device.
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bridgeScenarios } from './bridge-scenarios.js';
import { daemonScenarios } from './daemon-scenarios.js';
import { powerScenarios } from './power-scenarios.js';
import { createReport, type Report } from './report.js';
import { rightsScenarios } from './rights-scenarios.js';
import { updateScenarios } from './update-scenarios.js';
import { createWorld, type World } from './world.js';

export type Scenario = readonly [name: string, act: (world: World, report: Report) => Promise<void>];

const { values } = parseArgs({ options: { root: { type: 'string' }, rootfs: { type: 'string' }, suite: { type: 'string' }, scenario: { type: 'string', multiple: true }, keep: { type: 'boolean' } } });
const { root = '', rootfs = '', suite = '' } = values;
const report = createReport(suite);
const begun = performance.now();
const world = await createWorld(root, suite, rootfs, dirname(fileURLToPath(import.meta.url)));
// In this order: each leaves the device running a committed version. The first is the others' ground.
const scenarios: readonly Scenario[] = [...updateScenarios, ...rightsScenarios, ...bridgeScenarios, ...daemonScenarios, ...powerScenarios];
const wanted = (name: string): boolean => values.scenario === undefined || name === scenarios[0]?.[0] || values.scenario.some((part) => name.includes(part));
const explain = (): string => {
  const console = world.container.log;
  const logs = world.container.run(['journalctl', '-b', '--no-pager', '--quiet', '--output=short-precise', '--lines=60', '-u', 'holdline*', '-u', 'monitoring', '-u', 'collector']).stdout;
  return `---\n${logs}\n${existsSync(console) ? readFileSync(console, 'utf8').slice(-500) : ''}\n---`;
};
let code = 1;
try {
  report.figure(`prepared in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  await world.container.boot();
  report.figure(`systemd ${world.container.get(['systemctl', '--version']).split(' ')[1] ?? '?'}, Node ${world.container.get(['node', '--version'])}`);
  for (const [name, act] of scenarios) if (wanted(name)) await report.scenario(name, () => act(world, report), explain);
  code = report.end();
} finally {
  if (values.keep === true) process.stdout.write(`${suite}: kept ${world.container.root}\n`);
  else await world.close();
}
process.exit(code);
