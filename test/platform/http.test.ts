// The network port: the proxy is used for what is outside, never for loopback; waits are bounded.
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { createFetch } from '../../src/platform/http.js';

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  })));
});
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => { sockets.add(socket); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return (server.address() as AddressInfo).port;
}

/** A proxy that takes every CONNECT to our own server, whatever the name. */
async function proxyTo(port: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer((_request, response) => { response.writeHead(400).end(); });
  proxy.on('connect', (request, socket) => {
    asked.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    const onward = connect(port, '127.0.0.1', () => { socket.write('HTTP/1.1 200 OK\r\n\r\n'); onward.pipe(socket).pipe(onward); });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    sockets.add(onward);
  });
  return { url: `http://127.0.0.1:${await listen(proxy)}`, asked };
}
const hello = (): Promise<number> => listen(createServer((request, response) => { response.end(`hello ${request.headers.host ?? ''}`); }));

it('goes through the proxy, with its login, for what is outside; no_proxy and loopback go direct', async () => {
  const port = await hello();
  const proxy = await proxyTo(port);
  const through = createFetch({ proxy: { https: null, http: proxy.url.replace('//', '//user:p%40ss@'), no: 'direct.invalid' } });
  expect(await (await through('http://api.holdline.invalid/x')).text()).toBe('hello api.holdline.invalid');
  expect(proxy.asked).toEqual([`api.holdline.invalid:80 Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
  expect(await (await through(`http://127.0.0.1:${port}/`)).text()).toContain('hello');
  await expect(through('http://direct.invalid/')).rejects.toThrow();
  expect(proxy.asked).toHaveLength(1);
});

it('https goes through https_proxy as a tunnel', async () => {
  const proxy = await proxyTo(await hello());
  const through = createFetch({ proxy: { https: proxy.url, http: null, no: null } });
  await expect(through('https://api.holdline.invalid/')).rejects.toThrow(); // no TLS behind it
  expect(proxy.asked).toEqual(['api.holdline.invalid:443']);
});

it('the environment is not read again behind the settings\' back', async () => {
  const proxy = await proxyTo(await hello());
  const before = process.env['http_proxy'];
  process.env['http_proxy'] = proxy.url;
  try {
    await expect(createFetch({ proxy: { https: null, http: null, no: null } })('http://api.holdline.invalid/')).rejects.toThrow();
  } finally {
    if (before === undefined) delete process.env['http_proxy'];
    else process.env['http_proxy'] = before;
  }
  expect(proxy.asked).toEqual([]);
});

it('unpacks gzip only for who asked for it, and a cut packed answer is an error', async () => {
  const packed = gzipSync('x'.repeat(100_000));
  const port = await listen(createServer((request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': String(packed.length) });
    if (request.url === '/cut') response.write(packed.subarray(0, 50), () => response.socket?.destroySoon());
    else response.end(packed);
  }));
  const fetch = createFetch({ proxy: { https: null, http: null, no: null } });
  const headers = { 'accept-encoding': 'gzip' };
  expect(await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text()).toHaveLength(100_000);
  expect((await fetch(`http://127.0.0.1:${port}/`)).headers.get('Content-Encoding')).toBe('gzip');
  await expect((await fetch(`http://127.0.0.1:${port}/cut`, { headers })).text()).rejects.toThrow();
});

it('gives up on a server that never answers, hands out redirects, and can be aborted', async () => {
  const silent = await listen(createServer(() => undefined));
  const impatient = createFetch({ proxy: { https: null, http: null, no: null }, headersTimeoutMs: 50 });
  await expect(impatient(`http://127.0.0.1:${silent}/`)).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
  const moved = await listen(createServer((_request, response) => { response.writeHead(302, { location: 'http://elsewhere.invalid/' }).end(); }));
  const answer = await impatient(`http://127.0.0.1:${moved}/`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('location')]).toEqual([302, 'http://elsewhere.invalid/']);
  const stop = new AbortController();
  const waiting = createFetch({ proxy: { https: null, http: null, no: null } })(`http://127.0.0.1:${silent}/`, { signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toThrow();
});

it.each([
  ['hangs up', (socket: Socket) => socket.destroy()],
  ['answers nothing and ends', (socket: Socket) => socket.end()],
  ['wants a login', (socket: Socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')],
])('a proxy that %s is asked once, not without end', async (_what, answer) => {
  let connections = 0;
  const proxy = createServer();
  proxy.on('connection', (socket: Socket) => { connections += 1; socket.on('error', () => undefined); });
  proxy.on('connect', (_request, socket) => { answer(socket as Socket); });
  const url = `http://127.0.0.1:${await listen(proxy)}`;
  await expect(createFetch({ proxy: { https: url, http: null, no: null } })('https://git.company.test/')).rejects.toThrow(/./u);
  expect(connections).toBeLessThanOrEqual(2);
});
