// What a device tells of itself, and that its silence is an answer too.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DeviceFacts } from '../../src/domain/device-facts.js';
import type { Processes } from '../../src/domain/ports.js';
import { readDeviceFacts } from '../../src/platform/device-facts.js';
import { writeFiles, type Files } from '../support/device-world.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let root: string;
beforeEach(() => { root = makeTempFolder('facts'); mkdirSync(join(root, 'app')); });
afterEach(() => removeTempFolder(root));

type Tools = Readonly<Record<string, string>>;

/** A tool that is not named is not installed. */
function toolsOf(tools: Tools, asked: string[] = []): Processes {
  return {
    run: (argv) => {
      asked.push(argv.join(' '));
      const said = tools[argv[0] ?? ''];
      return said === undefined ? Promise.reject(new Error('spawn ENOENT')) : Promise.resolve({ code: 0, signal: null, stdout: said, stderr: '', timedOut: false });
    },
  };
}

function read(files: Files = {}, tools: Tools = {}, asked: string[] = []): Promise<DeviceFacts> {
  writeFiles(root, files);
  const places = { install_dir: join(root, 'app'), state_dir: join(root, 'not/yet/made'), backup_path: '/proc' };
  return readDeviceFacts({ root, processes: toolsOf(tools, asked), cores: 4, places, askNetwork: true });
}

it('knows what every machine knows, and takes silence for an answer', async () => {
  const facts = await read();
  expect(facts).toMatchObject({ node: process.versions.node, arch: process.arch, os: null, availableMb: null, load: null, temperature: null, underVoltage: null, metered: null });
  expect([facts.memoryMb, facts.diskMb].every((one) => one > 1)).toBe(true);
  // A folder that is yet to be made lies on its parent's disk; another filesystem is another disk.
  expect(facts.disks?.state_dir?.device).toBe(facts.disks?.install_dir?.device);
  expect(facts.disks?.backup_path?.device).not.toBe(facts.disks?.install_dir?.device);
});

it('reads a Raspberry Pi', async () => {
  const facts = await read({
    'etc/os-release': 'PRETTY_NAME="Raspbian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=raspbian\nID_LIKE=debian\n',
    'proc/meminfo': 'MemTotal:         947732 kB\nMemFree:          100000 kB\nMemAvailable:     409600 kB\n',
    'proc/loadavg': '2.00 1.00 0.50 1/123 4567\n',
    'sys/class/thermal/thermal_zone0/type': 'cpu-thermal\n', 'sys/class/thermal/thermal_zone0/temp': '48312\n',
    'sys/class/thermal/thermal_zone1/type': 'battery\n', 'sys/class/thermal/thermal_zone1/temp': '95000\n',
    'sys/class/hwmon/hwmon0/name': 'cpu_thermal\n', 'sys/class/hwmon/hwmon1/name': 'rpi_volt\n', 'sys/class/hwmon/hwmon1/in0_lcrit_alarm': '1\n',
  });
  expect(facts).toMatchObject({ os: { id: 'raspbian', like: ['debian'], version: '12' }, availableMb: 400, load: 0.5, temperature: 48.312, underVoltage: 'now' });
});

it.each([
  ['throttled=0x0', 'no'], ['throttled=0x50005', 'now'], ['throttled=0x50000', 'earlier'], ['throttled=0x20002', 'no'], ['VCHI initialization failed', null],
])('asks the firmware where the kernel does not tell: %s', async (said, expected) => {
  expect((await read({}, { vcgencmd: `${said}\n` })).underVoltage).toBe(expected);
});

const ROUTES = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\nwlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\nwwan0\t00000000\t0100000A\t0003\t0\t0\t700\t00000000\t0\t0\t0\nwlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n';
const ROUTES6 = '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 usb0\n00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo\n';

it.each<[string, Files, string, boolean | null, string]>([
  ['metered', { 'proc/net/route': ROUTES }, 'yes', true, 'wlan0'],
  ['metered by a guess', { 'proc/net/route': ROUTES }, 'yes (guessed)', true, 'wlan0'],
  ['not metered by a guess', { 'proc/net/route': ROUTES }, 'no (guessed)', false, 'wlan0'],
  ['unknown', { 'proc/net/route': ROUTES }, 'unknown', null, 'wlan0'],
  ['IPv6 only', { 'proc/net/ipv6_route': ROUTES6 }, 'yes', true, 'usb0'],
])('asks NetworkManager about the interface that leads to the world: %s', async (_name, files, said, expected, device) => {
  const asked: string[] = [];
  expect((await read(files, { nmcli: `${said}\n` }, asked)).metered).toBe(expected);
  expect(asked).toContain(`nmcli -g GENERAL.METERED device show ${device}`);
});

it('asks nobody about a network that is not there', async () => {
  const asked: string[] = [];
  expect((await read({}, { nmcli: 'yes\n' }, asked)).metered).toBeNull();
  expect(asked.filter((call) => call.startsWith('nmcli'))).toEqual([]);
});
