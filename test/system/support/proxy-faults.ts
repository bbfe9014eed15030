// A bad line between the device and GitHub: a TCP proxy that is slow, cuts connections, and puts pieces in the wrong order.
// Whatever comes out, the device is OLD with an error code or NEW with exactly the signed tree.
import { readdirSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { startLocalGitHub } from '../../support/github.js';
import type { Bench } from './bench.js';
import { recoverAndJudge } from './kill.js';
import { say, seeded, type Tally } from './options.js';
import { SCENARIOS } from './scenarios.js';
import { REPO, type Workshop } from './workshop.js';

const TOKEN = 'ghp_systemTestNotASecret0123456789abcdef0';
const TRIES = 5;

interface Line { readonly name: string; readonly pieceBytes: number; readonly delayMs: number; readonly cut: number; readonly swap: number }
const LINES: readonly Line[] = [
  { name: 'slow', pieceBytes: 200, delayMs: 3, cut: 0, swap: 0 },
  { name: 'cutting', pieceBytes: 400, delayMs: 0, cut: 0.04, swap: 0 },
  { name: 'reordering', pieceBytes: 400, delayMs: 0, cut: 0, swap: 0.03 },
  { name: 'slow, cutting and reordering', pieceBytes: 300, delayMs: 1, cut: 0.02, swap: 0.01 },
];

export async function proxyFaults(bench: Bench, tally: Tally, workshop: Workshop): Promise<void> {
  const github = await startLocalGitHub({ tokens: { [TOKEN]: { read: '*' } } });
  const folder = workshop.release('1.1.0');
  await github.addRelease(REPO, { tag: 'v1.1.0', assets: Object.fromEntries(readdirSync(folder).map((name) => [name, join(folder, name)])) });
  try {
    await bench.prepare(SCENARIOS.update);
    for (const line of LINES) await tryLine(bench, tally, line, [github.apiUrl, github.storageUrl]);
  } finally {
    await github.close();
  }
}

async function tryLine(bench: Bench, tally: Tally, line: Line, origins: readonly string[]): Promise<void> {
  const scenario = { command: ['update'] };
  const ends: Record<string, number> = {};
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    await bench.reset();
    const { proxied, close } = await startProxies(origins, line, seeded(attempt + 1));
    bench.configure({ github_api_url: proxied[0], max_retries: 4, retry_delay: 0.05, download_timeout: 5 });
    const ran = await bench.run(bench.command(scenario), { GITHUB_TOKEN: TOKEN });
    close();
    const { verdict } = await recoverAndJudge(bench, 1);
    ends[ran.code] = (ends[ran.code] ?? 0) + 1;
    const expected = ran.code === 0 ? 'NEW' : 'OLD';
    tally.check([0, 1, 75].includes(ran.code) && verdict.is === expected, `a ${line.name} line, try ${attempt}: exit ${ran.code}, ${JSON.stringify(verdict)}: ${ran.stdout}${ran.stderr}`);
    if (ran.code === 1) tally.check(/"code":"(source|download|artifact|manifest|signature|tree)-[a-z-]+"/u.test(ran.stdout), `a ${line.name} line: no error code of the line: ${ran.stdout}`);
    bench.configure({ github_api_url: origins[0] });
    const again = await bench.run(bench.command(scenario), { GITHUB_TOKEN: TOKEN });
    tally.check((await bench.judge()).is === 'NEW', `after a ${line.name} line it does not go on: exit ${again.code} ${again.stdout}${again.stderr}`);
  }
  bench.configure({});
  say(`a ${line.name} line: exits ${JSON.stringify(ends)}`);
}

/** One proxy per origin; in what the origins say of each other the ports are replaced, which have the same length. */
async function startProxies(origins: readonly string[], line: Line, random: () => number): Promise<{ proxied: string[]; close: () => void }> {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const proxied: string[] = [];
  const translate = (bytes: Buffer): Buffer => {
    let text = bytes.toString('latin1');
    for (const [index, origin] of origins.entries()) text = text.replaceAll(new URL(origin).host, new URL(proxied[index] ?? origin).host);
    return Buffer.from(text, 'latin1');
  };
  for (const origin of origins) {
    const server = createServer((client) => {
      const upstream = connect(Number(new URL(origin).port), '127.0.0.1');
      for (const socket of [client, upstream]) sockets.add(socket.on('error', () => undefined));
      client.pipe(upstream);
      client.on('close', () => upstream.destroy());
      void disturb(upstream, client, line, random, translate);
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    servers.push(server);
    proxied.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
  return { proxied, close: () => { for (const socket of sockets) socket.destroy(); for (const server of servers) server.close(); } };
}

async function disturb(from: Socket, to: Socket, line: Line, random: () => number, translate: (bytes: Buffer) => Buffer): Promise<void> {
  let held: Buffer | undefined;
  try {
    for await (const chunk of from) {
      const bytes = translate(chunk as Buffer);
      for (let at = 0; at < bytes.length; at += line.pieceBytes) {
        const piece = bytes.subarray(at, at + line.pieceBytes);
        if (random() < line.cut) { to.destroy(); from.destroy(); return; }
        if (line.delayMs > 0) await new Promise((resolve) => { setTimeout(resolve, line.delayMs); });
        if (held === undefined && random() < line.swap) { held = piece; continue; }
        to.write(piece);
        if (held !== undefined) { to.write(held); held = undefined; }
      }
    }
    if (held !== undefined) to.write(held);
    to.end();
  } catch { /* cut: that is the point */ }
}
