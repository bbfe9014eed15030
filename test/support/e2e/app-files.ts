// The app of the end-to-end tests: a small HTTP service that answers with its version, and misbehaves when told to.
import type { Files } from '../device-world.js';

export type Behaviour =
  | 'good'
  /** Its health answers 500. */
  | 'sick'
  /** Its health never answers. */
  | 'silent'
  /** Dies some time after it has started. */
  | 'dies'
  | 'ignores-term'
  /** Healthy, and keeps forty megabytes of every look at its health, up to 320. */
  | 'leaks'
  /** Healthy, with three children that never rest. */
  | 'spins'
  | 'does-not-start';

const server = (behaviour: Behaviour): string => `import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const version = read('../VERSION').trim();
const behaviour = ${JSON.stringify(behaviour)};
if (behaviour === 'does-not-start') { console.error('the database is missing'); process.exit(3); }
if (behaviour === 'dies') setTimeout(() => { console.error('out of sensors'); process.exit(4); }, 900);
const kept = [];
if (behaviour === 'spins') for (let n = 0; n < 3; n += 1) spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
createServer((request, response) => {
  if (request.url === '/health') {
    if (behaviour === 'leaks' && kept.length < 8) kept.push(Buffer.alloc(40_000_000, 'leak'));
    if (behaviour === 'silent') return;
    response.statusCode = behaviour === 'sick' ? 500 : 200;
    response.end(behaviour === 'sick' ? 'the sensor table is empty' : 'ok');
    return;
  }
  response.setHeader('connection', 'close');
  response.end(JSON.stringify({ version, pid: process.pid, config: read('../config/app.yaml') }));
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => { if (behaviour !== 'ignores-term') process.exit(0); });
`;

/** The folder as shipped: `version` in three places, so that a mixture of two versions is seen. */
export function appFiles(version: string, behaviour: Behaviour = 'good', extra: Files = {}): Files {
  return {
    'VERSION': `${version}\n`,
    'src/server.js': server(behaviour),
    'src/package.json': '{ "type": "module" }\n',
    'src/lib/same in all.js': 'export const same = true;\n',
    'src/lib/version ü.js': `export const version = '${version}';\n`,
    'config/app.yaml': `# shipped with ${version}\nname: app\nport: 8080\n`,
    ...extra,
  };
}
