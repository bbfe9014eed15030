// Wires the modules to the system: confined child processes, and a folder of their own.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoldlineError } from '../domain/errors.js';
import type { ModuleRunner } from '../domain/module.js';
import type { Logger, Processes } from '../domain/ports.js';
import type { Report } from '../domain/results.js';
import { createModuleRunner } from '../modules/run-module.js';
import { runConfined } from '../platform/confined-run.js';
import { serviceEnvironment } from '../services/service-environment.js';

/** Who owns nothing else. */
const NOBODY = 'nobody';
const MAKE_TIMEOUT_MS = 10_000;
const host = fileURLToPath(new URL('./module-host.js', import.meta.url));

export function wireModules(processes: Processes, around: { readonly log: Logger; readonly report: Report }): ModuleRunner {
  const isRoot = process.getuid?.() === 0;
  return createModuleRunner({
    ...around,
    environment: serviceEnvironment(process.env, join(process.execPath, '..')), host: { node: process.execPath, script: host },
    system: {
      runConfined: (request) => runConfined(processes, { ...request, user: request.user ?? NOBODY }),
      async makeStateDir(path, user) {
        const owner = isRoot ? [`--owner=${user ?? NOBODY}`] : [];
        const made = await processes.run(['install', '--directory', '--mode=0700', ...owner, '--', path], { timeoutMs: MAKE_TIMEOUT_MS });
        if (made.code !== 0) throw new HoldlineError('module-failed', `cannot make the module's folder ${path}: ${made.stderr.trim()}`, { hint: `Does the user ${user ?? NOBODY} exist (module.user)?` });
      },
    },
  });
}
