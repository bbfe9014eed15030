// Every command of the README's set-up and publishing blocks is run here as it stands there, in folders of its own; the commands of the
// first block are run by .ci/run, those of systemd/README.md in a booted system (test/system). A command nobody runs fails this test.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANY_CONDITION_YAML } from '../support/any-condition.js';
import { startLocalGitHub, type LocalGitHub } from '../support/github.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';
import { writeFiles } from '../support/device-world.js';

const README = readFileSync('README.md', 'utf8');
const REPO = 'owner/monitoring';

function blocks(title: string): string[] {
  const section = README.slice(README.indexOf(`## ${title}`));
  const fence = /```sh\n([^]*?)```/u.exec(section)?.[1] ?? '';
  return fence.split('\n').map((line) => line.replace(/\s+#.*$/u, '').trim()).filter((line) => line !== '');
}

let root: string;
let github: LocalGitHub;
beforeAll(async () => {
  root = makeTempFolder('readme');
  github = await startLocalGitHub({ tokens: { 'publisher-token': { read: '*', write: true } } });
  github.addRepository(REPO);
  for (const folder of ['opt/monitoring', 'etc/holdline', 'work', 'bin']) mkdirSync(join(root, folder), { recursive: true });
  writeFiles(join(root, 'opt/monitoring'), { 'VERSION': '1.1.0\n', 'src/main.js': 'one\n', 'config/app.yaml': 'port: 1\n' });
  writeFiles(join(root, 'work/app'), { 'VERSION': '1.2.0\n', 'src/main.js': 'two\n', 'config/app.yaml': 'port: 1\nnew: true\n' });
  // Nobody is root here: sudo only hands on.
  writeFileSync(join(root, 'bin/sudo'), '#!/bin/sh\nexec "$@"\n');
  writeFileSync(join(root, 'bin/holdline'), `#!/bin/sh\nexec ${process.execPath} ${resolve(process.env['HOLDLINE_DIST'] ?? 'dist', 'cli.js')} "$@"\n`);
  for (const name of ['sudo', 'holdline']) chmodSync(join(root, 'bin', name), 0o755);
});
afterAll(async () => { await github.close(); removeTempFolder(root); });

interface Ran { readonly code: number | null; readonly output: string }

function sh(command: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const here = command.replaceAll('/opt/monitoring', join(root, 'opt/monitoring')).replaceAll('/etc/holdline', join(root, 'etc/holdline'));
  const child = spawn('bash', ['-c', here], {
    cwd: join(root, 'work'), stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: root, HOLDLINE_CONFIG: join(root, 'etc/holdline/holdline.yaml'), GITHUB_API_URL: github.apiUrl, HOLDLINE_KEY_PASSWORD: 'a test', ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  return new Promise((done) => { child.once('close', (code) => done({ code, output })); });
}

/** What a person does in the editor. */
function pinKey(): void {
  const file = join(root, 'etc/holdline/holdline.yaml');
  const key = readFileSync(join(root, 'work/monitoring.pub'), 'utf8').trim().split('\n').at(-1) ?? '';
  const text = readFileSync(file, 'utf8');
  const at = text.indexOf('  require: signature');
  // What the test must not depend on stands last: how busy this machine is, and its network.
  writeFileSync(file, `${text.slice(0, at)}  keys: ["${key}"]\n${text.slice(at).replace(/^ {2}keys:.*(\n {4}- .*)*\n?/mu, '')}\n${ANY_CONDITION_YAML}`);
}

describe('the README', () => {
  it('has its first block run by .ci/run', () => {
    const ci = readFileSync('.ci/run', 'utf8');
    const commands = blocks('Try it').flatMap((line) => line.split(' && '));
    expect([...new Set(commands)].sort()).toEqual(['npm ci', 'npm run demo', 'npm test']);
    expect(ci).toMatch(/^npm ci/mu);
    expect(ci).toMatch(/^npm test$/mu);
    expect(ci).toMatch(/^npm run --silent demo$/mu);
  });

  it("works for the publisher, as it says", async () => {
    // Installing on a device is the third command; its effect here is the same release in a folder.
    const [keygen = '', build = '', tryIt = '', upload = '', ...rest] = blocks("The publisher's side");
    expect(rest).toEqual([]);
    for (const command of [keygen, build]) {
      const ran = await sh(command, command === build ? {} : {});
      expect(ran, ran.output).toMatchObject({ code: 0 });
    }
    expect(tryIt).toBe('holdline --update --from release');
    const uploaded = await sh(upload, { GITHUB_TOKEN: 'publisher-token' });
    expect(uploaded, uploaded.output).toMatchObject({ code: 0 });
  }, 120_000);

  it('works on a Pi, as it says', async () => {
    const commands = blocks('On a Pi');
    const [pack, install, init = '', edit, ...rest] = commands;
    // Packing and installing are proved in a booted system, with the same words.
    expect(pack).toBe('npm ci && npm run build -- --types && npm pack');
    expect(install).toBe('sudo npm install --global ./holdline-0.1.0.tgz');
    expect(edit).toBe('sudoedit /etc/holdline/holdline.yaml');
    const wrote = await sh(init);
    expect(wrote, wrote.output).toMatchObject({ code: 0 });
    pinKey();
    for (const command of rest) {
      const ran = await sh(command);
      expect(ran, `${command}\n${ran.output}`).toMatchObject({ code: 0 });
    }
    expect(readFileSync(join(root, 'opt/monitoring/VERSION'), 'utf8').trim()).toBe('1.2.0');
    const tried = await sh('holdline --update --from release');
    expect(tried, tried.output).toMatchObject({ code: 0 });
  }, 120_000);

  it('names only commands that exist', async () => {
    const help = await sh('holdline --help');
    for (const [, command] of README.matchAll(/`holdline ([a-z-]*[a-z])/gu)) expect(help.output).toMatch(new RegExp(`^ {2}${command} `, 'mu'));
  });
});
