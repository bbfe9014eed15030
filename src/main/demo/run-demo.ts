// `holdline demo`: the whole story in under a minute, proved from outside. Exits 1 when any of it was not so.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../domain/manifest.js';
import type { HistoryEntry, StatusReport } from '../../domain/results.js';
import { formatBytes, formatDuration } from '../../interface/cli/format.js';
import type { Terminal } from '../../interface/cli/terminal.js';
import { readHistoryOf } from '../app/read-device.js';
import { OtaUpdater } from '../library/ota-updater.js';
import { readSettings } from '../read-settings.js';
import { digestFolder, hashFolder } from './check-from-outside.js';
import { appFiles, EDITED_GREETING } from './demo-app.js';
import { createDemoWorld, writeFiles, type DemoWorld } from './demo-world.js';
import { createStory, type Story } from './story.js';
import { watchApp, type AppWatch } from './watch-app.js';

/** The demo ends by itself, well or not. */
const TOTAL_MS = 55_000;
const POLL_MS = 50;

type Until = (what: string, is: (status: StatusReport) => boolean) => Promise<StatusReport>;

export async function runDemo({ terminal }: { readonly terminal: Terminal }): Promise<number> {
  const story = createStory(terminal);
  const world = await createDemoWorld();
  const watch = watchApp(world.appUrl);
  const deadline = performance.now() + TOTAL_MS;
  try {
    await play(story, world, watch, deadline);
  } catch (thrown) {
    story.check('the story came to its end', false, thrown instanceof Error ? thrown.message : String(thrown));
    terminal.err(`the daemon's last words:\n${world.daemonLog()}\n`);
  } finally {
    watch.stop();
    await world.close();
  }
  terminal.out(story.failures === 0 ? '\nall of it was so.\n' : `\n${story.failures} of it was not so.\n`);
  return story.failures === 0 ? 0 : 1;
}

async function play(story: Story, world: DemoWorld, watch: AppWatch, deadline: number): Promise<void> {
  const updater = new OtaUpdater({ config: world.settingsFile });
  const until: Until = async (what, is) => {
    for (;;) {
      const status = await updater.getStatus();
      if (is(status)) return status;
      if (performance.now() > deadline) throw new Error(`${what} did not happen in time`);
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
  };
  story.tell(`a local GitHub answers at ${world.github.apiUrl}; its files come from ${world.github.storageUrl}`);
  await world.publish('1.0.0');
  story.tell('published 1.0.0, signed; the device has it in a plain folder, with an edit of its own in config/');
  world.startDaemon();
  await until('the app', (s) => s.daemon.running && s.last_check !== null && watch.last?.version === '1.0.0' && world.line.read().next > 0);
  story.tell('the daemon runs and has started the app; it answers as 1.0.0 and reads the instrument through the bridge');
  const before = hashFolder(world.appDir);

  const good = await world.publish('1.1.0');
  story.tell('published 1.1.0');
  await until('the update to 1.1.0', (s) => s.current_version === '1.1.0' && s.state !== 'idle');
  story.tell('the daemon took over the folder, fetched, verified, backed up, switched; it watches now');
  await until('the commit of 1.1.0', (s) => s.current_version === '1.1.0' && s.state === 'idle' && s.last_update !== null);
  story.tell('1.1.0 stayed healthy: committed');
  checkGood(story, world, watch, good, before);

  await world.publish('1.2.0');
  story.tell('published 1.2.0, whose health answers 500');
  const blocked = await until('the revert of 1.2.0', (s) => s.blocked.some((b) => b.version === '1.2.0') && s.state === 'idle');
  story.tell(`reverted and blocked: ${blocked.blocked[0]?.reason ?? ''}`);
  await until('the answer of 1.1.0', () => watch.last?.version === '1.1.0');
  checkReverted(story, world, watch, good, blocked);
  story.check('the bridge was replaced by a new process while the line ran', world.line.upgradeBridge());
  await checkLine(story, world, until);
  showTable(story, world, watch, blocked);
}

/** The instrument stops; when the app has committed the last line it sent, everything must have arrived exactly once. */
async function checkLine(story: Story, world: DemoWorld, until: Until): Promise<void> {
  const sent = await world.line.stopDevice();
  await until('the last line of the instrument', () => world.line.read().bytes >= sent.bytes);
  const got = world.line.read();
  story.check(`the instrument sent ${sent.bytes} bytes, the app committed as many`, got.bytes === sent.bytes && got.next === sent.lines, JSON.stringify({ sent, got }));
  story.check('none lost, none doubled', got.lost === 0 && got.doubled === 0, JSON.stringify({ sent, got }));
  // On a machine too busy to schedule the bridge for longer than the kernel buffers, a PTY makes the instrument wait; a real line would have lost those.
  if (sent.refused > 0) story.tell(`this machine was so busy that the kernel made the instrument wait ${sent.refused} times`);
  story.table('the serial line, over one good update, one reverted update and one bridge upgrade', [
    ['bytes sent', 'committed by the app', 'lines lost', 'lines doubled'], [String(sent.bytes), String(got.bytes), String(got.lost), String(got.doubled)],
  ]);
}

function checkGood(story: Story, world: DemoWorld, watch: AppWatch, manifest: Manifest, before: ReadonlyMap<string, string>): void {
  story.check('the app answers as 1.1.0', watch.last?.version === '1.1.0', watch.last?.version);
  checkTree(story, world, manifest);
  story.check("the person's edit in config/ is there", watch.last?.greeting === EDITED_GREETING, watch.last?.greeting);
  story.check('and the new key of 1.1.0 beside it', watch.last?.units === 'metric', JSON.stringify(watch.last));
  const [backup] = readdirSync(world.backupPath).filter((name) => name.startsWith('backup_1.0.0_'));
  const kept = backup === undefined ? new Map<string, string>() : hashFolder(join(world.backupPath, backup));
  const same = [...before].every(([path, hash]) => path.startsWith('.holdline') || kept.get(path) === hash);
  story.check('the backup holds what was there before, byte for byte', kept.size > 0 && same, backup ?? 'no backup');
}

/** Code and VERSION as signed; config/app.json is the one file this device edited. */
function checkTree(story: Story, world: DemoWorld, manifest: Manifest): void {
  const version = readFileSync(join(world.appDir, 'VERSION'), 'utf8').trim();
  story.check(`VERSION says ${manifest.version}`, version === manifest.version, version);
  const shipped = { 'config/app.json': appFiles(manifest.version)['config/app.json'] ?? '' };
  const directory = join(world.appDir, '.holdline', readlinkSync(join(world.appDir, '.holdline', 'current')));
  const current = digestFolder(withoutNew(directory, world), shipped);
  story.check('the tree has the digest that was signed', current === manifest.tree_digest, current);
}

/** A copy without the `.new` files holdline writes beside an edited config. */
function withoutNew(directory: string, world: DemoWorld): string {
  const copy = join(world.directory, 'seen');
  const files = [...hashFolder(directory).keys()].filter((path) => !path.endsWith('.new'));
  writeFiles(copy, Object.fromEntries(files.map((path) => [path, readFileSync(join(directory, path), 'utf8')])));
  return copy;
}

function checkReverted(story: Story, world: DemoWorld, watch: AppWatch, good: Manifest, status: StatusReport): void {
  story.check('the app answers as 1.1.0 again', watch.last?.version === '1.1.0', watch.last?.version);
  checkTree(story, world, good);
  story.check("the person's edit survived this, too", watch.last?.greeting === EDITED_GREETING, watch.last?.greeting);
  story.check('1.2.0 is blocked, and the reason names the probe', status.blocked.some((b) => b.version === '1.2.0' && b.reason.includes('500')), JSON.stringify(status.blocked));
  story.check('no token reached the storage origin', world.github.requests.every((r) => r.origin !== 'storage' || r.headers.authorization === undefined));
}

function showTable(story: Story, world: DemoWorld, watch: AppWatch, status: StatusReport): void {
  const gap = (key: string): string => { const ms = watch.gaps.get(key); return ms === undefined ? '' : formatDuration(ms); };
  const history: readonly HistoryEntry[] = readHistoryOf(readSettings(world.settingsFile, process.env), 10).toReversed();
  story.table('what happened', [
    ['transaction', 'versions', 'outcome', 'stopped for', 'downloaded', 'written'],
    ...history.map((e) => [e.kind, `${e.from ?? 'plain folder'} -> ${e.to}`, e.outcome, e.downtime_ms === null ? 'nothing' : formatDuration(e.downtime_ms), formatBytes(e.bytes_downloaded), formatBytes(e.bytes_written)]),
  ]);
  const device = world.github.requests.filter((r) => r.headers['user-agent']?.startsWith('holdline/') === true);
  story.table('seen from outside', [
    ['the app did not answer, 1.0.0 -> 1.1.0', gap('1.0.0 -> 1.1.0')],
    ['the app did not answer, 1.1.0 -> 1.2.0', gap('1.1.0 -> 1.2.0')],
    ['the app did not answer, 1.2.0 -> 1.1.0', gap('1.2.0 -> 1.1.0')],
    ['requests of the device to the API', String(device.filter((r) => r.origin === 'api').length)],
    ['  of them answered 304 (unchanged)', String(device.filter((r) => r.origin === 'api' && r.status === 304).length)],
    ['requests counted by the device today', String(status.requests_today)],
    ['backups kept', status.backups.map((b) => b.name).join(', ')],
  ]);
}
