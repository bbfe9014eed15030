// The proof at any count, for CI and by hand: VICTIM BAUD COUNT EVERY_MS [FAULT]. Prints one JSON line per run.
import { act } from './acts.js';
import { bundle } from './bundle.js';
import { runScenario } from './scenario.js';
import type { Scenario, Victim } from './scenario.js';

const [victim = 'app', baud = '115200', count = '10', everyMs = '150', fault] = process.argv.slice(2);
const built = await bundle({ device: 'test/support/bridge/device.ts', app: 'test/support/bridge/app.ts', bridge: 'src/main/bridge.ts', faulty: 'test/support/bridge/faulty-bridge.ts' });
try {
  const scenario: Scenario = { bundle: built, victim: victim as Victim, baud: Number(baud), count: Number(count), everyMs: Number(everyMs), ...(fault === undefined ? {} : { fault: fault as 'drop' }) };
  console.log(JSON.stringify({ victim, baud, ...await runScenario(scenario, act) }));
} finally {
  built.remove();
}
