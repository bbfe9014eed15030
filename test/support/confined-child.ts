// A process that gives up its rights (or, as the control, does not) and then tries what a taken-over fetcher would: the live tree, the
// journal, systemd, other processes. Answers which attempts worked; bundled by its callers.
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, fchmodSync, linkSync, lutimesSync, mkdirSync, openSync, readFileSync, renameSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { giveUpRights } from '../../src/platform/give-up-rights.js';

const [how, root = '', systemctl = '', socket = '', victim = ''] = process.argv.slice(2);
const tree = (name: string): string => join(root, 'app/.holdline/versions/1.0.0', name);
const journal = join(root, 'state/journal/1.journal');

const done = (socket: Socket): Promise<void> => new Promise((resolve, reject) => { socket.once('connect', () => { socket.destroy(); resolve(); }); socket.once('error', reject); });

function fromThread(): Promise<void> {
  const worker = new Worker(`require('node:fs').writeFileSync(${JSON.stringify(tree('thread'))}, '')`, { eval: true });
  return new Promise((resolve, reject) => { worker.once('error', reject); worker.once('exit', () => resolve()); });
}

async function ownTcp(): Promise<void> {
  const server = createServer((peer) => peer.end()).listen(0, '127.0.0.1');
  await new Promise((resolve) => { server.once('listening', resolve); });
  await done(connect((server.address() as { readonly port: number }).port, '127.0.0.1'));
  server.close();
}

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  'reads the tree': () => readFileSync(tree('main.js')),
  'reads its own memory map': () => readFileSync('/proc/self/maps'),
  'resolves a name': () => lookup('localhost'),
  'speaks TCP': ownTcp,
  'writes into the tree': () => writeFileSync(tree('main.js'), 'theirs'),
  'makes a file in the tree': () => writeFileSync(tree('new.js'), 'theirs'),
  'makes one from a thread of libuv': () => writeFile(tree('async.js'), 'theirs'),
  'makes one from a thread of its own': fromThread,
  'appends to the journal': () => appendFileSync(journal, 'theirs\n'),
  'cuts the journal': () => truncateSync(journal, 0),
  'removes the journal': () => unlinkSync(journal),
  'turns the current link': () => symlinkSync('elsewhere', join(root, 'app/.holdline/current2')),
  'gives the tree a second name': () => linkSync(tree('lib.js'), join(root, 'lib')),
  'opens the tree to all': () => chmodSync(tree('lib.js'), 0o777),
  'changes a mode through a descriptor': () => fchmodSync(openSync(tree('lib.js'), 'r'), 0o777),
  'changes a time': () => lutimesSync(tree('lib.js'), 1, 1),
  'makes a folder': () => mkdirSync(join(root, 'app/folder')),
  'runs systemctl': () => execFileSync(systemctl, ['stop', 'app.service']),
  'speaks to a Unix socket': () => done(connect(socket)),
  'opens another process\'s memory': () => openSync(`/proc/${victim}/mem`, 'r+'),
  'ends another process': () => process.kill(Number(victim), 'SIGKILL'),
  'moves the tree': () => renameSync(join(root, 'app/.holdline/versions/1.0.0'), join(root, 'app/gone')),
};

const given = how === 'confined' ? giveUpRights() : { done: true };
const results: Record<string, string> = {};
for (const [name, attempt] of Object.entries(ATTEMPTS)) {
  try { await attempt(); results[name] = 'worked'; } catch (thrown) { results[name] = String((thrown as { readonly code?: unknown }).code ?? thrown); }
}
process.stdout.write(JSON.stringify({ given, results }));
