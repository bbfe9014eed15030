// Wires modules and hooks to the system: confined child processes, and for modules a folder of their own.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoldlineError } from '../domain/errors.js';
import type { HookRunner } from '../domain/hooks.js';
import type { Layout } from '../domain/layout.js';
import type { ModuleRunner } from '../domain/module.js';
import type { Filesystem, Logger, Processes } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import { createHookRunner } from '../modules/run-hook.js';
import { createModuleRunner, type ModuleSystem } from '../modules/run-module.js';
import { runConfined } from '../platform/confined-run.js';
import { serviceEnvironment } from '../services/service-environment.js';

/** Who owns nothing else. */
const NOBODY = 'nobody';
const MAKE_TIMEOUT_MS = 10_000;
const PASSING = 0o001;
const host = fileURLToPath(new URL('./module-host.js', import.meta.url));

const confined = (processes: Processes): ModuleSystem['runConfined'] => (request) => runConfined(processes, { ...request, user: request.user ?? NOBODY });
const environment = (): Readonly<Record<string, string>> => serviceEnvironment(process.env, join(process.execPath, '..'));

export function wireHooks(processes: Processes, log: Logger): HookRunner {
  return createHookRunner({ log, environment: environment(), system: { runConfined: confined(processes) } });
}

export interface ModuleSurroundings { readonly log: Logger; readonly report: Report; readonly fs: Filesystem; readonly layout: Pick<Layout, 'sharedDir'> }

export function wireModules(processes: Processes, around: ModuleSurroundings): ModuleRunner {
  const isRoot = process.getuid?.() === 0;
  return createModuleRunner({
    ...around,
    environment: environment(), host: { node: process.execPath, script: host },
    system: {
      runConfined: confined(processes),
      async makeStateDir(path, user) {
        const owner = isRoot ? [`--owner=${user ?? NOBODY}`] : [];
        const made = await processes.run(['install', '--directory', '--mode=0700', ...owner, '--', path], { timeoutMs: MAKE_TIMEOUT_MS });
        if (made.code === 0 && isRoot) letThrough(around, path);
        if (made.code !== 0) throw new HoldlineError('module-failed', `cannot make the module's folder ${path}: ${made.stderr.trim()}`, { hint: `Does the user ${user ?? NOBODY} exist (module.user)?` });
      },
    },
  });
}

/** Its folder lies in ours, which is closed to others: they may pass, and still see no name. */
function letThrough({ fs, layout }: ModuleSurroundings, path: string): void {
  for (let folder = dirname(path); folder === layout.sharedDir || folder.startsWith(`${layout.sharedDir}/`); folder = dirname(folder)) {
    const mode = fs.stat(folder)?.mode ?? PASSING;
    if ((mode & PASSING) === 0) fs.chmod(folder, mode | PASSING);
  }
}
