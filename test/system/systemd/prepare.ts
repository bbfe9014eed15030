// What needs the network, before the proof shuts itself off from it: a fresh Debian of one suite with Node and holdline in it. Prints its folder.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeRootfs, run } from './rootfs.js';

const { values: { root: project = '', suite = '' } } = parseArgs({ options: { root: { type: 'string' }, suite: { type: 'string' } } });
const rootfs = makeRootfs(project, suite);
// As on a device, not as `npm run` would have it with this repository's own settings.
const npm = (...args: string[]): string => run('npm', args, Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_config_'))));
const packed = npm('pack', project, '--pack-destination', join(rootfs, 'root'), '--silent', '--ignore-scripts').trim();
// There is no npm inside: what it does is done from here, to the same places, by the same command.
npm('install', '--global', '--prefix', join(rootfs, 'usr'), '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', join(rootfs, 'root', packed));
writeFileSync(join(rootfs, 'usr/local/bin/npm'), '#!/bin/sh\n[ "$1" != root ] || echo /usr/lib/node_modules\n', { mode: 0o755 });
process.stdout.write(`${rootfs}\n`);
