// The bench: figures against peers, taken in turns in one run. `npm run bench -- [SECTION…]`. Not a test: it fails only where it cannot measure.
import { cpus, release, totalmem } from 'node:os';
import { createBenchWorld } from './bench-device.js';
import type { Section } from './section.js';
import { bridge } from './sections/bridge.js';
import { downtime } from './sections/downtime.js';
import { fleet } from './sections/fleet.js';
import { idleDaemon } from './sections/idle-daemon.js';
import { memory } from './sections/memory.js';
import { requests } from './sections/requests.js';
import { statusStart } from './sections/status-start.js';
import { manyFiles, oneFile } from './sections/update-speed.js';
import { renderTable, type Row } from './table.js';

const SECTIONS: readonly Section[] = [fleet, statusStart, idleDaemon, requests, manyFiles, oneFile, memory, downtime, bridge];

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => SECTIONS.every((section) => section.name !== name));
if (unknown !== undefined) {
  console.error(`There is no section "${unknown}". Sections: ${SECTIONS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const section of SECTIONS) {
  if (wanted.length > 0 && !wanted.includes(section.name)) continue;
  const begunMs = performance.now();
  console.error(`${section.name}: ${section.title}`);
  const world = await createBenchWorld();
  try {
    rows.push(...await section.run(world, (line) => console.error(`  ${line}`)));
  } finally { await world.close(); }
  console.error(`  ${((performance.now() - begunMs) / 1000).toFixed(0)} s`);
}
console.log(`${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.versions.node}\n`);
console.log(renderTable(rows));
process.exit(0);
