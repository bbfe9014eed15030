// Twelve modules on one device, of which three fail in different steps and one hangs: each is taken back by itself, the others go on.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeFiles, type Files } from '../support/device-world.js';
import { findByEnvironment } from '../../src/platform/process-table.js';
import { createWorld, type World } from '../support/e2e/world.js';

const NAMES = Array.from({ length: 12 }, (_, index) => `part${String(index + 1).padStart(2, '0')}`);
/** Which phase of whose new version goes wrong. */
const WRONG: Readonly<Record<string, string>> = { part02: 'prepare', part05: 'apply', part08: 'verify', part11: 'hang' };

/** Keeps the version of a thing in a file outside the release; `wrong` says in which phase it goes wrong. */
const program = (version: string, wrong: string): string => `#!/bin/sh
request=$(cat)
from=$(printf %s "$request" | sed 's/.*"from":"\\([^"]*\\)".*/\\1/')
printf '%s %s\\n' "$HOLDLINE_PHASE" '${version}' >> "$THING.log"
if [ "$HOLDLINE_PHASE" = '${wrong}' ]; then echo 'no answer from the thing' >&2; [ '${wrong}' = apply ] && echo half > "$THING"; exit 3; fi
case $HOLDLINE_PHASE in
apply) [ '${wrong}' = hang ] && { echo half > "$THING"; setsid sleep 300 & sleep 300; }; echo '${version}' > "$THING" ;;
undo) printf '%s\\n' "$from" > "$THING" ;;
esac
`;
const filesOf = (version: string, wrong = 'nothing'): Files => ({ 'VERSION': `${version}\n`, 'src/program': program(version, wrong), 'config/app.yaml': 'a: 1\n' });

/** Each its own: a world keeps its releases by version. */
const next = (name: string): string => `1.1.${NAMES.indexOf(name)}`;

let world: World;
const folder = (name: string): string => join(world.root, `the ${name}`);
const thing = (name: string): string => join(world.root, 'things', name);
beforeEach(async () => {
  world = await createWorld({ installed: null });
  mkdirSync(join(world.root, 'things'));
  const user = process.getuid?.() === 0 ? 'root' : undefined;
  for (const name of NAMES) {
    writeFiles(folder(name), filesOf('1.0.0'));
    writeFileSync(thing(name), '1.0.0\n');
  }
  world.configure({
    install_dir: undefined, components: Object.fromEntries(NAMES.map((name) => [name, {
      kind: 'module', install_dir: folder(name), module: { program: ['src/program'], user, env: { THING: thing(name) }, timeouts: { apply: WRONG[name] === 'hang' ? 1 : 60 } },
      ...(name === 'part06' ? { depends_on: { part05: '*' } } : {}),
    }])),
  });
});
afterEach(() => world.close());

test('each fails alone, with its reason, and its thing is what it was', async () => {
  for (const name of NAMES) await world.publish(next(name), filesOf(next(name), WRONG[name]), { tag: `${name}-v${next(name)}`, version: next(name), name });
  const ran = await world.holdline(['--update', '--json']);
  const results = ran.json['components'] as readonly { readonly component: string; readonly outcome: string; readonly code: string | null; readonly reason: string | null }[];
  const outcomeOf = (name: string): string => { const found = results.find(({ component }) => component === name); return `${found?.outcome} ${found?.code}`; };
  expect(Object.fromEntries(NAMES.map((name) => [name, outcomeOf(name)]))).toEqual({
    ...Object.fromEntries(NAMES.map((name) => [name, 'updated null'])),
    part02: 'failed module-failed', part05: 'rolled_back module-failed', part06: 'waiting dependency', part08: 'rolled_back module-failed', part11: 'rolled_back module-failed',
  });
  expect(results.find(({ component }) => component === 'part05')?.reason).toContain('no answer from the thing');
  expect(results.find(({ component }) => component === 'part11')?.reason).toContain('no end within 1 s');
  const stays = new Set([...Object.keys(WRONG), 'part06']);
  expect(NAMES.map((name) => `${name} ${readFileSync(join(folder(name), 'VERSION'), 'utf8').trim()} ${readFileSync(thing(name), 'utf8').trim()}`))
    .toEqual(NAMES.map((name) => (stays.has(name) ? `${name} 1.0.0 1.0.0` : `${name} ${next(name)} ${next(name)}`)));
  // Nothing of the one that hung is left, not even what it had put into a session of its own.
  expect(NAMES.flatMap((name) => findByEnvironment({ THING: thing(name) }))).toEqual([]);
  expect(ran.code).toBe(20);
});
