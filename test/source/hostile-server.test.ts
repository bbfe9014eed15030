// A server that speaks HTTP to do harm: everything ends in bounded time and memory, with a code.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { createFetch } from '../../src/platform/http.js';
import { createGitHubSource } from '../../src/source/github.js';
import { codeOf, createTestClock, createTestLog, NEVER } from './setup.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

const IMPATIENT = { proxy: { https: null, http: null, no: null }, connectTimeoutMs: 200, headersTimeoutMs: 400, bodyTimeoutMs: 400 };
const TOKEN = 'ghp_mustNotLeaveTheApi';
/** What one connection may have to take before it is given up; kernel buffers, and what a busy machine writes until it sees the hang-up, included. */
const MOST_BYTES = 64 * 1024 * 1024;

let folder: string;
let server: Server;
let sockets: Set<Socket>;
let sent: number;
beforeEach(() => { folder = makeTempFolder('hostile'); sockets = new Set(); sent = 0; });
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => { server.close(resolve); });
  removeTempFolder(folder);
});

type Act = (write: (text: string | Buffer) => boolean, socket: Socket) => void;

/** Answers each request by hand. */
async function serve(act: Act): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => act((text) => {
      if (socket.destroyed) return false;
      sent += text.length;
      return socket.write(text);
    }, socket));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Writes for as long as the other side takes it. */
const flood = (piece: (n: number) => string | Buffer): Act => (write, socket) => {
  let n = 0;
  const pour = (): void => { while (!socket.destroyed && write(piece(n++))); };
  socket.on('drain', pour);
  pour();
};
const first = (start: string, then: Act): Act => (write, socket) => { write(start); then(write, socket); };
const drip = (text: string): Act => (write, socket) => {
  let at = 0;
  const timer = setInterval(() => { if (!write(text[at++ % text.length] ?? '') && socket.destroyed) clearInterval(timer); }, 20);
  socket.once('close', () => clearInterval(timer));
};
const whole = (headers: string, body: Buffer): Act => (write) => { write(`HTTP/1.1 200 OK\r\n${headers}content-length: ${body.length}\r\n\r\n`); write(body); };
const OK = 'HTTP/1.1 200 OK\r\n';

const list = async (act: Act): Promise<string> => {
  const apiUrl = await serve(act);
  const source = createGitHubSource({
    fetch: createFetch(IMPATIENT), fs: createFilesystem(), clock: createTestClock(), log: createTestLog(), cacheFile: `${folder}/cache.json`, repo: 'acme/app', apiUrl, token: TOKEN,
    retries: { maxRetries: 0, retryDelayMs: 0 }, userAgent: 'holdline/test',
  });
  return codeOf(() => source.list(NEVER));
};

describe('an API that answers', () => {
  it.each<[string, Act]>([
    ['header lines without end', first(OK, flood((n) => `x-${n}: ${'a'.repeat(200)}\r\n`))],
    ['one header line without end', first(`${OK}x: `, flood(() => 'a'.repeat(10_000)))],
    ['a status line without end', flood(() => 'HTTP/1.1 200 O')],
    ['its headers letter by letter', first(OK, drip('x-slow: very\r\n'))],
    ['nothing at all', () => undefined],
    ['nothing after its headers', (write) => { write(`${OK}content-length: 100\r\n\r\n`); }],
    ['a chunk size without end', first(`${OK}transfer-encoding: chunked\r\n\r\n`, flood(() => '1'.repeat(1000)))],
    ['chunk extensions without end', first(`${OK}transfer-encoding: chunked\r\n\r\n5;`, flood(() => 'x=y;'.repeat(1000)))],
    ['a body without end', first(`${OK}\r\n`, flood(() => '[{"a":"'.repeat(1000)))],
    ['two lengths', (write) => { write(`${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n[]x`); }],
    ['a bomb in gzip', whole('content-encoding: gzip\r\n', gzipSync(Buffer.alloc(300_000_000, '[')))],
    ['gzip in gzip', whole('content-encoding: gzip\r\n', gzipSync(gzipSync('[]')))],
    ['gzip that is none', whole('content-encoding: gzip\r\n', Buffer.from('[]'))],
    ['another protocol', (write, socket) => { write('SSH-2.0-OpenSSH_9.2\r\n'); socket.end(); }],
  ])('%s', async (_, act) => {
    const before = process.memoryUsage().rss;
    expect(await list(act)).toMatch(/^(?:source-(?:network|invalid|server)|download-\w+)$/u);
    expect(sent).toBeLessThan(MOST_BYTES);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  it('passing answers (1xx) without end', async () => {
    expect(await list(flood(() => 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(50)))).toMatch(/^source-/u);
  });
});
