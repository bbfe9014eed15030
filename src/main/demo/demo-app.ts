// The app of the demo: a small real HTTP service in its own process, and what its releases differ in.

/** Files by path below the app's folder. */
export type AppFiles = Readonly<Record<string, string>>;

const server = (health: string): string => `// A small app: answers with its version and its greeting.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const version = read('../VERSION').trim();
const config = JSON.parse(read('../config/app.json'));

createServer((request, response) => {
  if (request.url === '/health') { ${health} return; }
  response.setHeader('content-type', 'application/json');
  response.setHeader('connection', 'close');
  response.end(JSON.stringify({ version, ...config }));
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

/** Reads the instrument through the bridge. What it counts and where it stands are committed together, so a kill at any instant costs nothing. */
const READER = `import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const { connectBridge } = await import(process.env.BRIDGE_CLIENT);
const file = process.env.READER_STATE;
let state = { epoch: '0000000000000000', offset: 0, next: 0, rest: '', bytes: 0, lost: 0, doubled: 0 };
try { state = JSON.parse(readFileSync(file, 'utf8')); } catch { /* the first start */ }

const client = await connectBridge({ name: 'meter', epoch: state.epoch, from: state.offset, client: 'demo app' });
for await (const { epoch, offset, data } of client) {
  const lines = (state.rest + data.toString('latin1')).split('\\n');
  state.rest = lines.pop();
  for (const line of lines) {
    const number = Number(line);
    if (number > state.next) state.lost += number - state.next;
    if (number < state.next) state.doubled += 1;
    state.next = Math.max(state.next, number + 1);
  }
  state.epoch = epoch;
  state.offset = offset + data.length;
  state.bytes += data.length;
  writeFileSync(file + '.new', JSON.stringify(state));
  renameSync(file + '.new', file);
  client.ack(state.offset, epoch);
}
`;

const HEALTHY = "response.end('ok');";
const SICK = "response.statusCode = 500; response.end('the sensor table is empty');";

export const EDITED_GREETING = 'hello from my own lab';

export function appFiles(version: string): AppFiles {
  const config = version === '1.0.0' ? { greeting: 'hello' } : { greeting: 'hello', units: 'metric' };
  return {
    'VERSION': `${version}\n`,
    'src/server.js': server(version === '1.2.0' ? SICK : HEALTHY),
    'src/reader.js': READER,
    'src/package.json': '{ "type": "module" }\n',
    'src/table.js': `// ${'x'.repeat(4000)}\nexport const table = ['${version}'];\n`,
    'config/app.json': `${JSON.stringify(config, undefined, 2)}\n`,
  };
}
