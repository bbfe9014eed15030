// The bridge's whole proof at full counts: node scripts/run-typescript.mjs test/system/bridge/run.ts [--part NAME]… [--rates 115200,…]
// [--counts full|small] [--jobs N]. Prints a table and `N passed, M failed`.
import { parseArgs } from 'node:util';
import { bundle } from '../../support/bridge/bundle.js';
import type { Bundle } from '../../support/bridge/bundle.js';
import { KILL_PARTS, planControls, planKills } from './kills.js';
import type { Run } from './kills.js';
import { planOverflows } from './overflow.js';
import { planPrograms } from './programs.js';
import { ProofTable } from './proof-table.js';
import { planUnplugs } from './unplug.js';

/** The long ones first, so that the jobs end together. */
const PARTS = ['programs', ...KILL_PARTS, 'overflow', 'unplug', 'controls'];
const { values } = parseArgs({
  options: { part: { type: 'string', multiple: true }, rates: { type: 'string', default: '115200,921600,4000000' }, counts: { type: 'string', default: 'full' }, jobs: { type: 'string', default: '2' } },
  args: process.argv.slice(2).filter((word) => word !== '--'),
});
const wanted = values.part === undefined ? PARTS : PARTS.filter((part) => values.part?.includes(part));
const rates = values.rates.split(',').map(Number);
const unknown = values.part?.find((part) => !PARTS.includes(part));
if (unknown !== undefined || rates.some((rate) => !(rate > 0)) || !['full', 'small'].includes(values.counts)) {
  process.stderr.write(`usage: run.ts [--part ${PARTS.join('|')}]… [--rates N,N] [--counts full|small] [--jobs N]\n`);
  process.exit(2);
}

function plan(part: string): Run[] {
  if (part === 'programs') return planPrograms(table);
  if (part === 'overflow') return planOverflows();
  if (part === 'unplug') return planUnplugs(values.counts === 'full');
  if (part === 'controls') return planControls(rates[0] ?? 115_200);
  return planKills(part, { rates, full: values.counts === 'full' });
}

async function runAll(runs: readonly Run[], built: Bundle, table: ProofTable): Promise<void> {
  const together = runs.filter((run) => !run.alone);
  await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, async () => {
    for (let run = together.shift(); run !== undefined; run = together.shift()) table.add(await run.go(built));
  }));
  for (const run of runs.filter(({ alone }) => alone)) table.add(await run.go(built));
}

// Whoever is stopped stops his bridges, too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const table = new ProofTable();
const begunMs = performance.now();
const built = await bundle({ device: 'test/support/bridge/device.ts', app: 'test/support/bridge/app.ts', bridge: 'src/main/bridge.ts', faulty: 'test/support/bridge/faulty-bridge.ts', 'poll-modbus': 'test/support/bridge/poll-modbus.ts' });
try {
  await runAll(wanted.flatMap(plan), built, table);
} finally {
  built.remove();
}
process.stdout.write(`${((performance.now() - begunMs) / 1000).toFixed(0)} s\n`);
process.exit(table.end());
