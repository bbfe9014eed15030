// Modbus RTU polling by two masters nobody here wrote, while the app is updated and the bridge upgraded and killed: no request may fail
// beyond its own one retry, no value may be wrong.
import { spawn } from 'node:child_process';
import type { Bundle } from '../../../support/bridge/bundle.js';
import { disturb, openLine } from './line-under-test.js';
import type { LineUnderTest } from './line-under-test.js';
import { Meter, valueOf } from './meter.js';
import type { ProgramResult } from './program-result.js';

const BAUD = 115_200;
const UNIT = 7;

async function withMeter(bundle: Bundle, poll: (line: LineUnderTest, meter: Meter) => Promise<ProgramResult>): Promise<ProgramResult> {
  const reply: { send: (bytes: Buffer) => void } = { send: () => undefined };
  const meter = new Meter((bytes) => { reply.send(bytes); });
  const line = await openLine(bundle, BAUD, (bytes) => { meter.take(bytes); });
  reply.send = (bytes) => { void line.wire.send(bytes); };
  try {
    const { note, faults } = await poll(line, meter);
    return { note: `${meter.requests} requests, ${note}`, faults: meter.broken === 0 ? faults : [...faults, `${meter.broken} bytes of requests were broken`] };
  } finally {
    await line.close();
  }
}

/** npm modbus-serial, in a process of its own: see poll-modbus.ts. */
export function pollByModbusSerial(bundle: Bundle, packages: string): Promise<ProgramResult> {
  return withMeter(bundle, async (line) => {
    const child = spawn(process.execPath, [bundle.path('poll-modbus'), packages, line.rig.link, String(UNIT)], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => { said += text.toString(); });
    const ended = new Promise<void>((resolve) => { child.once('close', () => { resolve(); }); });
    const meanwhile = await disturb(line, ['update', 'upgrade', 'kill', 'upgrade']);
    child.stdin.end();
    await ended;
    const { good, retries, failed, wrong, last } = JSON.parse(said) as { good: number; retries: number; failed: number; wrong: number; last: string };
    const faults = [...meanwhile.faults];
    if (good < 10) faults.push(`only ${good} requests were answered: ${last}`);
    if (failed > 0 || wrong > 0) faults.push(`${failed} failed, ${wrong} wrong: ${last}`);
    return { note: `${retries} retried, ${failed} failed, during ${meanwhile.done.join(', ')}`, faults };
  });
}

/** Debian's mbpoll has no retry of its own: every failure counts. */
export function pollByMbpoll(bundle: Bundle): Promise<ProgramResult> {
  return withMeter(bundle, async (line) => {
    const child = spawn('mbpoll', ['-m', 'rtu', '-a', String(UNIT), '-0', '-r', '100', '-c', '4', '-t', '4', '-b', String(BAUD), '-P', 'none', '-l', '100', '-o', '2', line.rig.link], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (text: Buffer) => { said.out += text.toString(); });
    child.stderr.on('data', (text: Buffer) => { said.err += text.toString(); });
    const meanwhile = await disturb(line, ['update', 'upgrade', 'kill', 'upgrade']);
    child.kill('SIGINT');
    await new Promise((resolve) => { child.once('close', resolve); });
    const values = [...said.out.matchAll(/^\[(\d+)\]:\s+(\d+)/gmu)].map(([, register, value]) => Number(value) === valueOf(UNIT, Number(register)));
    const failed = [...said.err.matchAll(/failed|error/giu)].length;
    const faults = [...meanwhile.faults];
    if (values.length < 40) faults.push(`only ${values.length} values: ${said.out.slice(-300)} ${said.err.slice(-300)}`);
    if (values.includes(false) || failed > 0) faults.push(`${failed} failed, ${values.filter((right) => !right).length} wrong values: ${said.err.slice(-300)}`);
    return { note: `${failed} failed, during ${meanwhile.done.join(', ')}`, faults };
  });
}
