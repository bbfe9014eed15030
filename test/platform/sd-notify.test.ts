// Real datagrams on a real socket (read with koffi, since Node has none); abstract and path names.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { createNotifier, feedWatchdog, socketAddress } from '../../src/platform/sd-notify.js';
import { autoClock } from '../support/services/auto-clock.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const void *, uint32_t)');
const receive = libc.func('intptr_t recv(int, _Out_ void *, size_t, int)');
const close = libc.func('int close(int)');
const MSG_DONTWAIT = 0x40;

let folder: string;
let fds: number[];
beforeEach(() => { folder = makeTempFolder('notify'); fds = []; });
afterEach(() => { for (const fd of fds) close(fd); removeTempFolder(folder); });

function listen(name: string): () => string[] {
  const fd: number = socket(1, 2, 0);
  fds.push(fd);
  const address = socketAddress(name) ?? Buffer.alloc(0);
  expect(bind(fd, address, address.length)).toBe(0);
  return () => {
    const messages: string[] = [];
    const buffer = Buffer.alloc(4096);
    for (;;) {
      const bytes = Number(receive(fd, buffer, buffer.length, MSG_DONTWAIT));
      if (bytes < 0) return messages;
      messages.push(buffer.subarray(0, bytes).toString());
    }
  };
}

describe('createNotifier', () => {
  it.each([['a path', () => join(folder, 'notify sock')], ['an abstract name', () => `@holdline-test-${process.pid}`]])('speaks to %s', async (_case, name) => {
    const messages = listen(name());
    const notifier = await createNotifier({ NOTIFY_SOCKET: name() }, 1);
    await notifier.ready('fine\nREADY=0');
    await notifier.alive();
    await notifier.status('é'.repeat(10));
    await notifier.stopping();
    expect(messages()).toEqual(['READY=1\nSTATUS=fine READY=0', 'WATCHDOG=1', `STATUS=${'é'.repeat(10)}`, 'STOPPING=1']);
  });

  it('does nothing without a socket, and bears one where nobody listens', async () => {
    for (const env of [{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: join(folder, 'nobody') }]) {
      const notifier = await createNotifier(env, 1);
      await notifier.ready();
      expect(notifier.watchdogMs).toBeNull();
    }
  });

  it('leaves an address it does not know to systemd-notify', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${folder}/calls'\n`);
    chmodSync(join(bin, 'systemd-notify'), 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${bin}:${path ?? ''}`; // execFile looks the program up in the environment it passes
    try {
      await (await createNotifier({ NOTIFY_SOCKET: 'vsock:2:1234', PATH: process.env['PATH'] }, 1)).ready('up');
    } finally { process.env['PATH'] = path; }
    expect(existsSync(join(folder, 'calls')) && readFileSync(join(folder, 'calls'), 'utf8')).toBe('vsock:2:1234 READY=1 STATUS=up\n');
  });

  it.each([
    [{ WATCHDOG_USEC: '60000000' }, 30_000], [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '42' }, 30_000], [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '43' }, null],
    [{ WATCHDOG_USEC: '0' }, null], [{ WATCHDOG_USEC: 'x' }, null], [{}, null],
  ])('reads the watchdog of %j', async (env, expected) => expect((await createNotifier(env, 42)).watchdogMs).toBe(expected));
});

describe('feedWatchdog', () => {
  it('feeds until the signal, and returns at once without a watchdog', async () => {
    const controller = new AbortController();
    let fed = 0;
    const notifier = { ...await createNotifier({ WATCHDOG_USEC: '2000000' }, 1), alive: async () => { fed += 1; if (fed === 3) controller.abort(); } };
    await feedWatchdog(notifier, autoClock(), controller.signal);
    await feedWatchdog({ ...notifier, watchdogMs: null }, autoClock(), new AbortController().signal);
    expect(fed).toBe(3);
  });
});

describe('socketAddress', () => {
  it('is sockaddr_un, without the end mark for an abstract name', () => {
    expect(socketAddress('/a')).toEqual(Buffer.from([1, 0, 0x2f, 0x61, 0]));
    expect(socketAddress('@a')).toEqual(Buffer.from([1, 0, 0, 0x61]));
  });
  it.each(['', '/', '@', 'vsock:2', 'relative', `/${'x'.repeat(107)}`, '/a\0b'])('refuses %j', (name) => expect(socketAddress(name)).toBeUndefined());
});
