// Commands that need no settings, each loaded only when it is called.
import type { Tools } from '../../interface/app.js';
import type { Terminal } from '../../interface/cli/terminal.js';

export interface ToolParts { readonly version: string; readonly terminal: Terminal }

export function createTools(parts: ToolParts): Tools {
  return {
    init: async (request) => (await import('./init.js')).initSettings(request),
    keygen: async (request) => (await import('./keygen.js')).makeKeys(request),
    rotateKey: async (request) => (await import('./rotate-key.js')).rotateKey(request),
    publish: async (request) => (await import('./publish.js')).publish(request),
    rollout: async (request) => (await import('./rollout.js')).changeRolloutFiles(request),
    demo: async () => (await import('../demo/run-demo.js')).runDemo(parts),
    run: async (settingsFile) => (await import('../daemon.js')).runHoldlineDaemon(settingsFile),
    bridge: async (argv) => (await import('../run-bridge-main.js')).runBridgeMain(argv),
  };
}
