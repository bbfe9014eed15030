// How the bridges on this device are, for probes and --status. Asks their sockets; loads nothing of a bridge's own work.
import { chooseSocketDir } from '../bridge/options.js';
import { inspectBridges } from '../bridge/inspect.js';
import type { BridgeInspector } from '../domain/ports.js';

export function bridgeInspector(): BridgeInspector {
  return {
    status: async () => (await inspectBridges(chooseSocketDir(undefined, process.env))).map(({ name, attached, reading, detail }) => ({ name, attached, reading, detail })),
  };
}
