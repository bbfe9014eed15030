// A systemctl that is a shell script: remembers what it was asked, and hangs in stop or start while a file says so.
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../services/wait-until.js';

export interface FakeSystemctl {
  /** PATH for the command that must meet it. */
  readonly env: Readonly<Record<string, string>>;
  /** `stop app.service`, `start app.service`, in order; queries left out. */
  calls(): readonly string[];
  hang(verb: 'stop' | 'start'): void;
  /** Waits until it hangs there. */
  hangs(verb: 'stop' | 'start'): Promise<void>;
  release(): void;
}

export function createFakeSystemctl(root: string): FakeSystemctl {
  const folder = join(root, 'fake systemd');
  mkdirSync(folder);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('active'), 'active');
  // Never hangs past a minute, so that nothing of it outlives a failed test for long.
  writeFileSync(at('systemctl'), `#!/bin/sh
cd '${folder}' || exit 1
verb=$1
for unit; do :; done
case $verb in
show) printf 'LoadState=loaded\\nActiveState=%s\\nSubState=running\\nResult=success\\nMainPID=1\\nNRestarts=0\\nActiveEnterTimestamp=Sat 2026-11-21 00:00:00 UTC\\n' "$(cat active)" ;;
stop|start)
  echo "$verb $unit" >> calls
  n=0
  while [ -e "hang-$verb" ] && [ $n -lt 1200 ]; do touch "hangs-$verb"; sleep 0.05; n=$((n + 1)); done
  [ $verb = start ] && echo active > active || echo inactive > active ;;
esac
`);
  chmodSync(at('systemctl'), 0o755);
  return {
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    calls: () => (existsSync(at('calls')) ? readFileSync(at('calls'), 'utf8').trim().split('\n') : []),
    hang: (verb) => writeFileSync(at(`hang-${verb}`), ''),
    hangs: (verb) => waitUntil(`systemctl hangs in ${verb}`, () => existsSync(at(`hangs-${verb}`))),
    release: () => { for (const verb of ['stop', 'start']) for (const name of [`hang-${verb}`, `hangs-${verb}`]) rmSync(at(name), { force: true }); },
  };
}
