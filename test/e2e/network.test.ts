// The way to GitHub: tokens that go nowhere else, private repositories, Enterprise servers, proxies, a company's own CA, and what is remembered between two runs.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer, request as ask, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appFiles } from '../support/e2e/app-files.js';
import { createWorld, REPO, TOKEN, type World } from '../support/e2e/world.js';

let world: World;
let servers: Server[] = [];
beforeEach(() => { servers = []; });
afterEach(async () => { for (const server of servers) { server.closeAllConnections(); server.close(); } await world.close(); });

const listen = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', () => resolve()); });
  return (server.address() as AddressInfo).port;
};

/** Every byte of every file below, as one text. */
function everything(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => readFileSync(path, 'latin1')).join('\n');
}

const withToken = { env: { GITHUB_TOKEN: TOKEN } };

test.each([['redirected to the storage', false], ['answered by the API itself', true]])('a private repository by token, assets %s: the token is seen nowhere but at the API', async (_what, direct) => {
  world = await createWorld({ github: { direct } });
  world.github.addRepository(REPO, { private: true });
  world.configure({ log_level: 'trace' });
  await world.publish('1.1.0');
  expect(await world.holdline(['--check', '--json'])).toMatchObject({ code: 1, json: { code: 'source-not-found' } });
  const said: string[] = [];
  for (const args of [['--check'], ['doctor'], ['--update'], ['--status'], ['history'], ['verify']]) {
    for (const form of [[], ['--json']]) {
      const ran = await world.holdline([...args, ...form], withToken);
      expect({ args, code: ran.code, stderr: ran.stderr }).toMatchObject({ args, code: 0 });
      said.push(ran.stdout, ran.stderr);
    }
  }
  expect(world.version()).toBe('1.1.0');
  world.github.fault({ on: 'api', times: 5, what: { kind: 'status', status: 401, body: JSON.stringify({ message: `Bad credentials for ${TOKEN}` }) } });
  const refused = await world.holdline(['--update', '--json'], withToken);
  expect(refused).toMatchObject({ code: 1, json: { code: 'source-unauthorized' } });
  said.push(refused.stdout, refused.stderr);
  for (const spelling of [TOKEN, encodeURIComponent(TOKEN), Buffer.from(TOKEN).toString('base64')]) {
    expect(said.join('\n')).not.toContain(spelling);
    expect(everything(world.root)).not.toContain(spelling);
  }
  expect(world.github.requests.some((r) => r.origin === 'api' && r.headers.authorization?.includes(TOKEN) === true)).toBe(true);
  expect(world.github.requests.filter((r) => r.origin === 'storage' && JSON.stringify([r.headers, r.path]).includes(TOKEN))).toEqual([]);
});

test('the token of the daemon reaches neither its log, nor its worker\'s environment, nor its services', async () => {
  world = await createWorld({ settings: { check_interval: 1, log_level: 'trace', services: [{ name: 'env', command: ['sh', '-c', 'env; exec sleep 100'] }] } });
  world.github.addRepository(REPO, { private: true });
  await world.publish('1.1.0');
  const daemon = await world.startDaemon(withToken);
  await daemon.says('"msg":"committed"');
  await daemon.says(/fetching[^]*committed/u);
  const ended = await daemon.kill('SIGTERM');
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout + ended.stderr + everything(world.root)).not.toContain(TOKEN);
  expect(world.version()).toBe('1.1.0');
});

test('what is remembered between two runs: the second question is a 304, and the day\'s count is kept', async () => {
  world = await createWorld();
  await world.publish('1.1.0');
  await world.holdline(['--check']);
  await world.holdline(['--check']);
  const lists = world.github.requests.filter((r) => r.path.includes('/releases?'));
  expect(lists.map((r) => r.status)).toEqual([200, 304]);
  expect(lists[1]?.headers['if-none-match']).toBeDefined();
  expect((await world.holdline(['--status', '--json'])).json).toMatchObject({ requests_today: world.github.requests.filter((r) => r.origin === 'api').length, rate_limit: { limit: 60 } });
  // Another token sees other things: nothing of the one without is reused.
  await world.holdline(['--check'], withToken);
  expect(world.github.requests.filter((r) => r.path.includes('/releases?')).map((r) => r.status)).toEqual([200, 304, 200]);
});

test('an Enterprise server: everything below its base path', async () => {
  world = await createWorld({ github: { basePath: '/api/v3' } });
  await world.publish('1.1.0');
  expect((await world.holdline(['--update', '--json'])).json).toMatchObject({ outcome: 'updated', to: '1.1.0' });
  expect(world.github.requests.filter((r) => r.origin === 'api' && !r.path.startsWith('/api/v3/'))).toEqual([]);
  world.configure({ github_api_url: world.github.apiUrl.replace('/api/v3', '') });
  const wrong = await world.holdline(['--check', '--json']);
  expect(wrong.code).toBe(1);
});

/** A self-signed certificate of a company's own CA. */
function certificate(folder: string): { readonly key: string; readonly cert: string; readonly file: string } | undefined {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.pem')];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=git.company.test', '-addext', 'subjectAltName=DNS:git.company.test', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), file: cert };
  } catch { return undefined; }
}

test('behind a proxy, with the company\'s own CA: refused without it, updated with it, and no request goes around the proxy', async (context) => {
  world = await createWorld({ github: { direct: true } });
  const tls = certificate(world.root);
  if (tls === undefined) return context.skip('there is no openssl here');
  await world.publish('1.1.0', appFiles('1.1.0'));
  const { port: apiPort } = new URL(world.github.apiUrl);
  // https://git.company.test is this front, reachable only through the proxy.
  const front = createHttps({ key: tls.key, cert: tls.cert }, (request, response) => {
    const onward = ask({ host: '127.0.0.1', port: Number(apiPort), path: request.url, method: request.method, headers: request.headers }, (answer) => { response.writeHead(answer.statusCode ?? 502, answer.headers); answer.pipe(response); });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  const frontPort = await listen(front);
  const asked: string[] = [];
  const proxy = createServer((_request, response) => { response.writeHead(501); response.end(); });
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
    const onward = connect(frontPort, '127.0.0.1', () => { socket.write('HTTP/1.1 200 Connection Established\r\n\r\n'); onward.pipe(socket).pipe(onward); });
    for (const end of [onward, socket]) end.on('error', () => { onward.destroy(); socket.destroy(); });
  });
  const proxyUrl = `http://me:pr0xy-secret@127.0.0.1:${await listen(proxy)}`;
  world.configure({ github_api_url: 'https://git.company.test' });

  const untrusted = await world.holdline(['--check', '--json'], { env: { https_proxy: proxyUrl } });
  expect(untrusted).toMatchObject({ code: 1, json: { code: 'source-network' } });
  expect(`${String(untrusted.json['message'])} ${String(untrusted.json['hint'])}`).toMatch(/certificate/iu);
  expect(`${String(untrusted.json['hint'])}`).toContain('NODE_EXTRA_CA_CERTS');
  const update = await world.holdline(['--update', '--json'], { env: { https_proxy: proxyUrl, NODE_EXTRA_CA_CERTS: tls.file } });
  expect(update).toMatchObject({ code: 0, json: { outcome: 'updated', to: '1.1.0' } });
  expect(new Set(asked)).toEqual(new Set([`git.company.test:443 Basic ${Buffer.from('me:pr0xy-secret').toString('base64')}`]));
  expect(update.stdout + update.stderr + everything(world.stateDir)).not.toContain('pr0xy-secret');
  const doctor = await world.holdline(['doctor', '--json'], { env: { https_proxy: proxyUrl, NODE_EXTRA_CA_CERTS: tls.file } });
  expect(JSON.stringify(doctor.json)).toContain('https://git.company.test answers');

  const deaf = await world.holdline(['--check', '--json'], { env: { https_proxy: `http://127.0.0.1:${await listen(createServer((_q, r) => { r.writeHead(407); r.end(); }))}`, NODE_EXTRA_CA_CERTS: tls.file } });
  expect(deaf).toMatchObject({ code: 1, json: { code: 'source-network', message: expect.stringContaining('git.company.test') } });
});
