// The app of the systemd proof: two units of one tree. What a release does wrong is in its payload; what hangs is told by files in /run.
export type Web = 'good' | 'dies-after-20s';

const web = (behaviour: Web): string => `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const version = read('../VERSION').trim();
console.log('web started with ' + version);
createServer((request, response) => { response.setHeader('connection', 'close'); response.end(version); }).listen(8080, '127.0.0.1');
if (${behaviour === 'dies-after-20s'}) setTimeout(() => { console.error('out of sensors'); process.exit(4); }, 20000);
process.on('SIGTERM', () => process.exit(0));
`;

const COLLECTOR = `import { existsSync, readFileSync } from 'node:fs';
const version = readFileSync(new URL('../VERSION', import.meta.url), 'utf8').trim();
console.log('collector started with ' + version);
setInterval(() => undefined, 1000);
process.on('SIGTERM', () => { if (existsSync('/run/hang-in-stop')) console.log('collector hangs in stop'); else process.exit(0); });
`;

/** Path to content, as shipped. `ballast` makes a download that takes a while. */
export function appTree(version: string, behaviour: Web = 'good', ballast = 0): Readonly<Record<string, string | Buffer>> {
  return {
    'VERSION': `${version}\n`,
    'src/web.js': web(behaviour), 'src/collector.js': COLLECTOR, 'src/package.json': '{ "type": "module" }\n', 'src/version.txt': `${version}\n`,
    'config/app.yaml': `# shipped with ${version}\nname: app\nport: 8080\n`,
    ...(ballast === 0 ? {} : { 'src/ballast.bin': noise(ballast) }),
  };
}

/** Nothing compresses it. */
function noise(bytes: number): Buffer {
  const out = Buffer.allocUnsafe(bytes);
  let seed = 1;
  for (let index = 0; index < bytes; index += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    out[index] = seed >>> 24;
  }
  return out;
}

const unit = (name: string, script: string, more: string): string => `[Unit]
Description=${name} of the app
After=network.target
[Service]
User=monitoring
WorkingDirectory=/opt/monitoring
${more}ExecStart=/usr/bin/node /opt/monitoring/src/${script}
Restart=always
RestartSec=1
TimeoutStopSec=60
[Install]
WantedBy=multi-user.target
`;

export const UNITS: Readonly<Record<string, string>> = {
  'monitoring.service': unit('web', 'web.js', ''),
  'collector.service': unit('collector', 'collector.js', "ExecStartPre=/bin/sh -c 'while [ -e /run/hang-in-start ]; do sleep 0.1; done'\n"),
  'stranger.service': '[Unit]\nDescription=a unit that is not ours\n[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n',
};
