// What happens to the device, at random: releases of every kind, a bad network, kills, a person at work.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../../src/main/demo/local-github/index.js';
import type { Behaviour } from '../../support/e2e/app-files.js';
import { REPO } from '../../support/e2e/world.js';
import type { Device } from './device.js';
import { kill } from './processes.js';
import type { Random } from './random.js';

/** Returns what was done, for the log. */
type Act = (device: Device, random: Random) => Promise<string>;

const BROKEN: readonly Behaviour[] = ['sick', 'silent', 'dies', 'does-not-start'];
const FAULTS: readonly Fault['what'][] = [
  { kind: 'cut', after: 200 }, { kind: 'stall', after: 100 }, { kind: 'corrupt', at: 150 }, { kind: 'close' }, { kind: 'status', status: 503 }, { kind: 'html' }, { kind: 'wrong-length', by: -20 }, { kind: 'oversize', by: 500 }, { kind: 'trickle', bytes: 200, everyMs: 100 },
];
const pause = (random: Random, most: number): Promise<void> => sleep(random.below(most));

async function tampered(device: Device, change: (version: string) => Promise<void>): Promise<string> {
  const version = device.nextVersion();
  await device.publish(version, 'good');
  await change(version);
  // What it says it is was never shipped whole.
  device.published.delete(version);
  return version;
}

async function killOwn(device: Device, random: Random, which: (command: string) => boolean): Promise<string> {
  await pause(random, 2500);
  const victims = device.processes().filter(({ command, service }) => service === null && which(command));
  for (const { pid } of victims) kill(pid);
  return `${victims.length} killed`;
}

const nameOf = (version: string): string => `app-${version}.tar.gz`;

async function command(device: Device, ...args: string[]): Promise<string> {
  const ran = await device.holdline(args);
  return `${args.join(' ')} -> ${ran.code ?? ran.signal ?? '?'}`;
}

export const ACTIONS: Readonly<Record<string, { readonly weight: number; readonly act: Act }>> = {
  'good release': { weight: 8, act: async (device) => { const version = device.nextVersion(); await device.publish(version, 'good'); return version; } },
  'release that ignores TERM': { weight: 1, act: async (device) => { const version = device.nextVersion(); await device.publish(version, 'ignores-term'); return version; } },
  'broken release': { weight: 4, act: async (device, random) => { const version = device.nextVersion(); const how = random.pick(BROKEN); await device.publish(version, how); return `${version} ${how}`; } },
  'truncated payload': { weight: 1, act: (device) => tampered(device, async (version) => { await device.world.github.changeAsset(REPO, `v${version}`, nameOf(version), { content: Buffer.from('cut') }); }) },
  'unsigned release': { weight: 1, act: (device) => tampered(device, async (version) => { await device.world.github.changeAsset(REPO, `v${version}`, 'holdline.json.minisig', { state: 'open' }); }) },
  'foreign signature': { weight: 1, act: (device) => tampered(device, async (version) => { await device.world.github.changeAsset(REPO, `v${version}`, 'holdline.json.minisig', { content: Buffer.from('untrusted comment: x\nRWQ\ntrusted comment: y\nzzz\n') }); }) },
  'withdrawn release': { weight: 1, act: async (device) => { const version = device.nextVersion(); await device.publish(version, 'good'); await sleep(300); device.world.github.removeRelease(REPO, `v${version}`); return version; } },
  'bad network': { weight: 4, act: async (device, random) => { const what = random.pick(FAULTS); device.world.github.fault({ on: random.pick(['api', 'storage'] as const), times: 1 + random.below(3), what }); return what.kind; } },
  'network mended': { weight: 1, act: async (device) => { device.world.github.clearFaults(); return ''; } },
  'kill the daemon': { weight: 4, act: async (device, random) => { await pause(random, 2500); await device.stopDaemon('SIGKILL'); await pause(random, 700); return ''; } },
  'kill the worker': { weight: 4, act: (device, random) => killOwn(device, random, (words) => words.includes('worker.js')) },
  'kill all of holdline': { weight: 2, act: async (device, random) => { const told = await killOwn(device, random, () => true); await device.stopDaemon('SIGKILL'); return told; } },
  'kill a service': {
    weight: 3, act: async (device, random) => {
      await pause(random, 1500);
      const services = device.processes().filter(({ service }) => service !== null);
      if (services.length === 0) return 'none runs';
      const { pid, service } = random.pick(services.sort((a, b) => a.pid - b.pid));
      kill(pid);
      return service ?? '';
    },
  },
  'power cut of all processes': { weight: 2, act: async (device, random) => { await pause(random, 2500); for (const { pid } of device.processes()) kill(pid); await device.stopDaemon('SIGKILL'); return ''; } },
  'restart of the daemon': { weight: 3, act: async (device, random) => { await pause(random, 2000); await device.stopDaemon('SIGTERM'); return ''; } },
  'edit of the config': { weight: 6, act: async (device, random) => { await pause(random, 1500); return device.edit(); } },
  'edit in a probation': {
    weight: 3, act: async (device, random) => {
      const version = device.nextVersion();
      const before = device.world.version();
      await device.publish(version, random.pick(['sick', 'dies', 'good'] as const));
      for (let tries = 0; tries < 60 && device.world.version() === before; tries += 1) await sleep(50);
      await pause(random, 400);
      return device.edit();
    },
  },
  'rollback by hand': { weight: 3, act: (device) => command(device, 'rollback', '--json') },
  'update by hand': { weight: 3, act: (device) => command(device, '--update', '--json') },
  'update by hand, killed': {
    weight: 3, act: async (device, random) => {
      if (random.chance(0.7)) await device.stopDaemon('SIGKILL');
      const running = device.world.start(['--update', '--json'], device.env);
      await pause(random, 2500);
      const { code, signal } = await running.kill('SIGKILL');
      return `${code ?? signal ?? '?'}`;
    },
  },
  'check': { weight: 2, act: (device) => command(device, '--check', '--json') },
  'verify': { weight: 2, act: (device) => command(device, 'verify', '--json') },
  'recover': { weight: 1, act: (device) => command(device, 'recover', '--json') },
  'unblock': {
    weight: 1, act: async (device, random) => {
      const { blocked } = await device.status();
      if (blocked.length === 0) return 'nothing blocked';
      const { version } = random.pick(blocked);
      device.unblocked.add(version);
      return command(device, 'unblock', version, '--json');
    },
  },
};

const WHEEL = Object.entries(ACTIONS).flatMap(([name, { weight }]) => Array.from({ length: weight }, () => name));

export const chooseAction = (random: Random): string => random.pick(WHEEL);
