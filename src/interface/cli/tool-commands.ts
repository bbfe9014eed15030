// Commands that need no settings of a device: set-up, publishing, the demo, and the long-running ones.
import type { Command } from 'commander';
import { HoldlineError } from '../../domain/errors.js';
import type { PublishedPart, PublishRequest } from '../app.js';
import type { Bindings, CommonOptions } from './bindings.js';
import { renderMade } from './render-results.js';

interface PublishOptions extends CommonOptions {
  readonly component: string[]; readonly repo?: string; readonly tag?: string; readonly tagPrefix?: string; readonly out: string; readonly key?: string; readonly name?: string; readonly channel?: string;
  readonly type?: string; readonly notes?: string; readonly minVersion?: string; readonly requires: string[]; readonly expires?: string; readonly exclude: string[]; readonly upload?: boolean; readonly keys?: string;
}

interface RotateOptions extends CommonOptions {
  readonly repo?: string; readonly by: string[]; readonly add: string[]; readonly keep: string[]; readonly revoke: string[];
  readonly reason?: string; readonly notAfter?: string; readonly previous?: string; readonly serial?: string; readonly out: string;
}

const collect = (value: string, earlier: string[]): string[] => [...earlier, value];

function addRunning(program: Command, b: Bindings): void {
  program.command('run').description('the daemon: checks, updates, watches, and runs embedded services')
    .option('-c, --config <file>', 'settings file (default: HOLDLINE_CONFIG, else /etc/holdline/holdline.yaml)')
    .action(async (options: CommonOptions) => { b.exit(await (await b.tools()).run(options.config)); });
  program.command('demo').description('the whole story on this machine in under a minute: publish, update, revert, with a local GitHub')
    .action(async () => { b.exit(await (await b.tools()).demo()); });
  program.command('bridge').description('hold a serial line: run, status, attach, upgrade (see `holdline bridge --help`)')
    .argument('[words...]').allowUnknownOption().helpOption(false).passThroughOptions()
    .action(async (words: string[]) => { b.exit(await (await b.tools()).bridge(words)); });
}

function addSetUp(program: Command, b: Bindings): void {
  program.command('init').description('write a commented settings file and say what to do next').argument('<owner/repo>')
    .option('-f, --file <file>', 'where to write it', process.env['HOLDLINE_CONFIG'] ?? '/etc/holdline/holdline.yaml').option('-d, --install-dir <dir>', "the app's folder", '.')
    .option('--force', 'replace an existing file').option('--json', 'one JSON object on standard output')
    .action((repo: string, options: CommonOptions & { file: string; installDir: string; force?: boolean }) => b.show(options, async () => {
      const report = await (await b.tools()).init({ repo, file: options.file, installDir: options.installDir, force: options.force === true });
      return { json: report, text: b.render((t) => renderMade(t, report)), exit: 0 };
    }));
  program.command('keygen').description('make a signing key: NAME.key (secret) and NAME.pub (goes into the settings of your devices)')
    .option('-o, --out <name>', 'path without ending', 'holdline').option('--plain', 'leave the secret key unencrypted (for a CI secret store)').option('--json', 'one JSON object on standard output')
    .action((options: CommonOptions & { out: string; plain?: boolean }) => b.show(options, async () => {
      const report = await (await b.tools()).keygen({ out: options.out, plain: options.plain === true });
      return { json: report, text: b.render((t) => renderMade(t, report)), exit: 0 };
    }));
}

function addRotating(program: Command, b: Bindings): void {
  program.command('rotate-key').description('write the signed statement that changes the signing keys of devices; releases carry it (publish --keys)')
    .option('-r, --repo <owner/name>', 'the repository (default: GITHUB_REPOSITORY)')
    .option('-b, --by <secret>', 'a key devices trust now, or their spare: it vouches; may be given several times', collect, []).option('-a, --add <secret>', 'a new release key; signs too, to prove that it is held', collect, [])
    .option('--keep <public>', 'a release key of an earlier statement that stays', collect, []).option('--revoke <public>', 'a key never to be trusted again: .pub file or RW… line', collect, []).option('--reason <text>', 'why it is revoked')
    .option('--not-after <when>', 'ISO date until which the new keys sign').option('-p, --previous <file>', 'the holdline.keys.json before this one: its serial, keys and revocations go on').option('--serial <n>', 'default: one above the previous')
    .option('-o, --out <dir>', 'where the statement and its signatures are written', 'keys').option('--json', 'one JSON object on standard output')
    .action((o: RotateOptions) => b.show(o, async () => {
      const { by, add, keep, revoke, out } = o;
      const report = await (await b.tools()).rotateKey({ repo: o.repo, by, add, keep, revoke, reason: o.reason, notAfter: o.notAfter, previous: o.previous, serial: o.serial, out });
      return { json: report, text: b.render((t) => renderMade(t, report)), exit: 0 };
    }));
}

/** `NAME` says whose the one folder is; `NAME=FOLDER` is one part of several. */
function componentsOf(given: readonly string[]): Pick<PublishRequest, 'component' | 'parts'> {
  const named = given.filter((text) => !text.includes('='));
  const [component, second] = named;
  const parts = given.filter((text) => text.includes('=')).map((text): PublishedPart => ({ component: text.slice(0, text.indexOf('=')), directory: text.slice(text.indexOf('=') + 1) }));
  if (second !== undefined || (component !== undefined && parts.length > 0)) {
    throw new HoldlineError('usage', `cannot publish ${named.join(' and ')}: it is not said which folder is whose`, { hint: 'One component: publish FOLDER --component NAME. Several in one release: publish --component NAME=FOLDER --component OTHER=FOLDER.' });
  }
  return { component, parts };
}

function addPublishing(program: Command, b: Bindings): void {
  program.command('publish').description('build the signed assets of a release from a folder; --upload makes the GitHub release').argument('[directory]', 'what shall stand on the device; with --component NAME=FOLDER each has its own')
    .option('-r, --repo <owner/name>', 'the repository (default: GITHUB_REPOSITORY)').option('-t, --tag <tag>', 'the tag (default: GITHUB_REF_NAME, else v + VERSION of the folder)')
    .option('--component <name[=folder]>', 'of this one of several components in the repository: the tag is NAME-v + VERSION; as NAME=FOLDER, several times: one release carries all of them', collect, [])
    .option('--tag-prefix <prefix>', 'the tag is PREFIX-v + VERSION')
    .option('-o, --out <dir>', 'where the assets are written', 'release').option('-k, --key <file>', 'secret key (default: HOLDLINE_KEY, its text); password in HOLDLINE_KEY_PASSWORD or asked for')
    .option('-n, --name <name>', 'payload name (default: the repository)').option('--channel <name>', 'channel', 'stable').option('--type <type>', 'patch, minor, major, security or hotfix (default: from the version)')
    .option('--notes <text>', 'release notes').option('--min-version <version>', 'devices below take a stepping stone first').option('--requires <file>', 'what it needs of a device, as JSON: min_version, node, arch, os, memory_mb, disk_mb, components; of one of several as NAME=FILE', collect, []).option('--expires <when>', 'ISO date after which devices refuse it')
    .option('-x, --exclude <glob>', 'leave out; may be given several times', collect, []).option('--keys <file>', 'carry a change of signing keys (holdline.keys.json, made by rotate-key)').option('--upload', 'create a draft release, upload, publish last (token in GITHUB_TOKEN)').option('--json', 'one JSON object on standard output')
    .action((directory: string | undefined, o: PublishOptions) => b.show(o, async () => {
      const report = await (await b.tools()).publish({
        directory, ...componentsOf(o.component), repo: o.repo, tag: o.tag, tagPrefix: o.tagPrefix, out: o.out, key: o.key, name: o.name, channel: o.channel, type: o.type, notes: o.notes,
        minVersion: o.minVersion, requires: o.requires, expires: o.expires, exclude: o.exclude, upload: o.upload === true, keys: o.keys,
      });
      return { json: report, text: b.render((t) => renderMade(t, report)), exit: 0 };
    }));
}

export function addToolCommands(program: Command, bindings: Bindings): void {
  addSetUp(program, bindings);
  addRotating(program, bindings);
  addPublishing(program, bindings);
  addRunning(program, bindings);
}
