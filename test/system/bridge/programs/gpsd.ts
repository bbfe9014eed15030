// gpsd at the PTY link of a receiver that says its position every 200 ms: while the app is updated and the bridge upgraded and killed,
// every report has a fix, none of the receiver's sentences is missing where gpsd reads them (of two that come at once it may report one), and the
// device is never taken off.
import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import type { Bundle } from '../../../support/bridge/bundle.js';
import { freePort } from '../../../support/e2e/world.js';
import { disturb, openLine } from './line-under-test.js';
import type { ProgramResult } from './program-result.js';

const BAUD = 115_200;
const EVERY_MS = 200;
const FIX_TRIES = 150;
const WITH_FIX = 2;

/** Each report is one second of the receiver's own clock after the one before. */
function sentences(turn: number): Buffer {
  const time = new Date(Date.UTC(2026, 0, 2, 3, 4, 5 + turn)).toISOString();
  const clock = `${time.slice(11, 13)}${time.slice(14, 16)}${time.slice(17, 19)}.00`;
  const date = `${time.slice(8, 10)}${time.slice(5, 7)}${time.slice(2, 4)}`;
  return Buffer.from([
    `GPGGA,${clock},5231.2000,N,01324.5000,E,1,08,0.9,34.0,M,46.9,M,,`,
    'GPGSA,A,3,01,02,03,04,05,06,07,08,,,,,1.8,0.9,1.5',
    `GPRMC,${clock},A,5231.2000,N,01324.5000,E,0.0,0.0,${date},,,A`,
  ].map((text) => `$${text}*${[...text].reduce((sum, letter) => sum ^ letter.charCodeAt(0), 0).toString(16).toUpperCase().padStart(2, '0')}\r\n`).join(''));
}

interface Report { readonly class: string; readonly mode?: number; readonly time?: string }

export async function keepGpsFix(bundle: Bundle): Promise<ProgramResult> {
  const line = await openLine(bundle, BAUD, () => undefined);
  let turn = 0;
  const receiver = setInterval(() => { void line.wire.send(sentences(turn)); turn += 1; }, EVERY_MS);
  const port = await freePort();
  const gpsd = spawn('gpsd', ['-N', '-n', '-b', '-S', String(port), line.rig.link], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  gpsd.stderr.on('data', (text: Buffer) => { said += text.toString(); });
  const reports: Report[] = [];
  const sentencesRead: string[] = [];
  let socket: Socket | undefined;
  try {
    socket = await watch(port, reports, sentencesRead);
    for (let tries = 0; tries < FIX_TRIES && !reports.some(hasFix); tries += 1) await sleep(100);
    if (!reports.some(hasFix)) return { note: '', faults: [`gpsd never had a fix: ${said.slice(-300)} ${JSON.stringify(reports.slice(-3))}`] };
    reports.splice(0);
    sentencesRead.splice(0);
    const meanwhile = await disturb(line, ['update', 'upgrade', 'kill', 'upgrade']);
    await sleep(1000);
    const fixes = reports.filter((report) => report.class === 'TPV');
    const faults = [...meanwhile.faults];
    if (fixes.length < 10) faults.push(`only ${fixes.length} reports`);
    const lost = fixes.filter((report) => !hasFix(report)).length;
    if (lost > 0) faults.push(`${lost} of ${fixes.length} reports without a fix`);
    const seconds = sentencesRead.flatMap((text) => secondOf(text) ?? []);
    const missing = seconds.filter((second, index) => index > 0 && second !== (seconds[index - 1] ?? 0) + 1).length;
    if (missing > 0 || seconds.length < fixes.length - 1) faults.push(`${missing} holes in the ${seconds.length} seconds that gpsd has read`);
    if (reports.some((report) => report.class === 'DEVICE')) faults.push('the device went and came');
    return { note: `${seconds.length} seconds read without a hole, ${fixes.length} reports with a fix, ${lost} without, during ${meanwhile.done.join(', ')}`, faults };
  } finally {
    clearInterval(receiver);
    socket?.destroy();
    gpsd.kill('SIGTERM');
    await line.close();
  }
}

/** Of a position and time sentence, the second it was sent in. */
const secondOf = (text: string): number | undefined => {
  const [, hours, minutes, seconds] = /^\$GPRMC,(\d\d)(\d\d)(\d\d)\.00,A,/u.exec(text) ?? [];
  return seconds === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
};

const hasFix = (report: Report): boolean => report.class === 'TPV' && (report.mode ?? 0) >= WITH_FIX;

async function watch(port: number, reports: Report[], sentencesRead: string[]): Promise<Socket> {
  for (let tries = 0; ; tries += 1) {
    const socket = createConnection({ host: '127.0.0.1', port });
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => { resolve(true); });
      socket.once('error', () => { resolve(false); });
    });
    if (connected) {
      socket.on('error', () => undefined);
      createInterface({ input: socket }).on('line', (text) => { if (text.startsWith('$')) sentencesRead.push(text); else reports.push(JSON.parse(text) as Report); });
      socket.write('?WATCH={"enable":true,"json":true,"raw":1};\n');
      return socket;
    }
    if (tries > 100) throw new Error('gpsd does not listen');
    await sleep(100);
  }
}
