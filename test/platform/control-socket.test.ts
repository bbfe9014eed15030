import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectLines, serveLines, type LineServer } from '../../src/platform/control-socket.js';

let directory: string;
let server: LineServer | undefined;
beforeEach(() => { directory = mkdtempSync(join(tmpdir(), 'holdline-control-')); });
afterEach(async () => { await server?.close(); server = undefined; rmSync(directory, { recursive: true, force: true }); });

const echo = (peer: { send(line: string): void }) => (line: string): void => peer.send(`got ${line}`);
const MAX = 1000;

describe('the control socket', () => {
  it('carries whole lines both ways, also unicode cut in the middle', async () => {
    const path = join(directory, 'run', 'control.sock');
    server = await serveLines(path, MAX, echo);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const lines: string[] = [];
    const both = new Promise<void>((resolve) => {
      const socket = connect(path);
      const text = Buffer.from('grüße\nzwei\n');
      socket.write(text.subarray(0, 3));
      setImmediate(() => socket.write(text.subarray(3)));
      let seen = '';
      socket.on('data', (chunk) => { seen += chunk.toString(); if (seen.split('\n').length === 3) { lines.push(...seen.trim().split('\n')); socket.destroy(); resolve(); } });
    });
    await both;
    expect(lines).toEqual(['got grüße', 'got zwei']);
  });

  it('answers the client of the command line', async () => {
    const path = join(directory, 'control.sock');
    server = await serveLines(path, MAX, echo);
    const got = new Promise<string>((resolve) => { void connectLines(path, MAX, resolve).then((peer) => peer?.send('hello')); });
    expect(await got).toBe('got hello');
  });

  it('tells that nobody listens: no file, a dead socket, a plain file', async () => {
    expect(await connectLines(join(directory, 'none.sock'), MAX, () => undefined)).toBeUndefined();
    const path = join(directory, 'plain');
    writeFileSync(path, '');
    expect(await connectLines(path, MAX, () => undefined)).toBeUndefined();
    expect(await connectLines(join(directory, 'x'.repeat(200)), MAX, () => undefined)).toBeUndefined();
  });

  it('drops a peer whose line never ends', async () => {
    const path = join(directory, 'control.sock');
    server = await serveLines(path, MAX, echo);
    const closed = new Promise<void>((resolve) => {
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.write('x'.repeat(MAX * 3));
    });
    await closed;
  });

  it('is closed to others', async () => {
    const path = join(directory, 'control.sock');
    server = await serveLines(path, MAX, echo);
    expect(statSync(path).mode & 0o7).toBe(0);
  });

  it('replaces the socket file of a dead process and refuses a path the kernel cannot hold', async () => {
    const path = join(directory, 'control.sock');
    writeFileSync(path, 'left over');
    server = await serveLines(path, MAX, echo);
    expect(statSync(path).isSocket()).toBe(true);
    await expect(serveLines(join(directory, 'x'.repeat(120)), MAX, echo)).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
  });
});
