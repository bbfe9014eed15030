// lrzsz: 2 MB through the line by ZMODEM, once in each direction, while the app is updated and the bridge upgraded and killed.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '../../../support/bridge/bundle.js';
import { disturb, openLine } from './line-under-test.js';
import type { ProgramResult } from './program-result.js';

const BYTES = 2 * 1024 * 1024;
const BAUD = 921_600;
const TIMEOUT_MS = 120_000;

/** `inward`: the device sends and `rz` receives at the PTY link; else the other way round. */
export async function transferByZmodem(bundle: Bundle, inward: boolean): Promise<ProgramResult> {
  const device: { program?: ChildProcess } = {};
  const line = await openLine(bundle, BAUD, (bytes) => { device.program?.stdin?.write(bytes); });
  const [from, to] = [join(line.rig.directory, 'from'), join(line.rig.directory, 'to')];
  for (const folder of [from, to]) mkdirSync(folder);
  const content = randomBytes(BYTES);
  writeFileSync(join(from, 'file.bin'), content);
  const send = ['sz', '-b', '-q', join(from, 'file.bin')];
  const receive = ['rz', '-b', '-y', '-q'];
  const link = inward ? receive : send;
  const atLink = spawn('/bin/sh', ['-c', 'link=$1; shift; exec "$@" <>"$link" >&0', 'sh', line.rig.link, ...link], { cwd: to, stdio: ['ignore', 'ignore', 'pipe'] });
  const [command = '', ...argv] = inward ? send : receive;
  const peer = spawn(command, argv, { cwd: to, stdio: ['pipe', 'pipe', 'pipe'] });
  device.program = peer;
  peer.stdin.on('error', () => undefined);
  // The pipe waits for the wire, as a program at a real port waits for it.
  const { stdout } = peer;
  stdout.on('data', (bytes: Buffer) => { stdout.pause(); void line.wire.send(bytes).then(() => { stdout.resume(); }); });
  try {
    const began = performance.now();
    const ended = Promise.all([exitOf(atLink), exitOf(peer)]);
    const meanwhile = await disturb(line, ['update', 'upgrade', 'kill', 'upgrade']);
    const disturbedMs = performance.now() - began;
    const codes = await ended;
    const tookMs = performance.now() - began;
    const faults = [...meanwhile.faults];
    if (codes.some((code) => code !== 0)) faults.push(`ended with ${codes.join(' and ')}`);
    if (!contentIs(join(to, 'file.bin'), content)) faults.push('the file is not the same');
    if (disturbedMs >= tookMs) faults.push(`the transfer (${(tookMs / 1000).toFixed(0)} s) was over before everything had happened (${(disturbedMs / 1000).toFixed(0)} s)`);
    return { note: `${BYTES} bytes identical in ${(tookMs / 1000).toFixed(0)} s, during ${meanwhile.done.join(', ')}`, faults };
  } finally {
    for (const child of [atLink, peer]) child.kill('SIGKILL');
    await line.close();
  }
}

function contentIs(path: string, content: Buffer): boolean {
  try {
    return readFileSync(path).equals(content);
  } catch {
    return false;
  }
}

function exitOf(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => { resolve('no end'); }, TIMEOUT_MS);
    child.once('exit', (code, signal) => { clearTimeout(timer); resolve(signal ?? code); });
  });
}
