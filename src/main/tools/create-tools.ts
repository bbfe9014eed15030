// Commands that need no settings, each loaded only when it is called.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tools } from '../../interface/app.js';
import type { Terminal } from '../../interface/cli/terminal.js';

export interface ToolParts { readonly version: string; readonly terminal: Terminal }

export function createTools(parts: ToolParts): Tools {
  return {
    init: async (request) => (await import('./init.js')).initSettings(request),
    keygen: async (request) => (await import('./keygen.js')).makeKeys(request),
    publish: async (request) => (await import('./publish.js')).publish(request),
    demo: async () => (await import('../demo/run-demo.js')).runDemo(parts),
    run: async (settingsFile) => (await import('../daemon.js')).runHoldlineDaemon(settingsFile),
    bridge: (argv) => runBridge(argv),
  };
}

/** The bridge is a program of its own, so that it owes nothing to the updater's files. */
function runBridge(argv: readonly string[]): Promise<number> {
  const script = fileURLToPath(new URL('./bridge.js', import.meta.url));
  const child = spawn(process.execPath, [script, ...argv], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => { child.kill(signal); };
  process.on('SIGTERM', forward);
  process.on('SIGINT', () => undefined);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}
