// npm modbus-serial polling a unit's registers until its standard input ends; one retry for each request, as its users do. Arguments: folder
// with its node_modules, port, unit. One JSON object at the end.
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { valueOf } from '../../system/bridge/programs/meter.js';

interface Modbus {
  connectRTUBuffered(path: string, options: { baudRate: number }): Promise<void>;
  setID(unit: number): void;
  setTimeout(ms: number): void;
  readHoldingRegisters(from: number, count: number): Promise<{ data: number[] }>;
}

const [packages = '', port = '', unitText = '1'] = process.argv.slice(2);
const load: (name: string) => unknown = createRequire(packages);
const Client = load('modbus-serial') as new () => Modbus;
const unit = Number(unitText);
const client = new Client();
const seen = { good: 0, retries: 0, failed: 0, wrong: 0, last: '' };
const asked = { toEnd: false };
process.stdin.on('end', () => { asked.toEnd = true; }).resume();

async function read(from: number): Promise<number[] | undefined> {
  try {
    return (await client.readHoldingRegisters(from, 5)).data;
  } catch (error) {
    seen.last = error instanceof Error ? error.message : JSON.stringify(error);
    return undefined;
  }
}

await client.connectRTUBuffered(port, { baudRate: 115_200 });
client.setID(unit);
client.setTimeout(1500);
for (let turn = 0; !asked.toEnd; turn += 1) {
  const from = turn % 50;
  let data = await read(from);
  if (data === undefined) { seen.retries += 1; data = await read(from); }
  if (data === undefined) seen.failed += 1;
  else if (data.every((value, index) => value === valueOf(unit, from + index))) seen.good += 1;
  else seen.wrong += 1;
  await sleep(20);
}
process.stdout.write(`${JSON.stringify(seen)}\n`, () => { process.exit(0); });
