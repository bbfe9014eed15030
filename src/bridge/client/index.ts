// `holdline/bridge-client`: what an app needs to use a bridge.
import { HoldlineError } from '../../domain/errors.js';
import { BridgeClient } from './bridge-client.js';
import type { ConnectOptions } from './client-events.js';

export { BridgeClient };
export type { Chunk, ClientEvents, ConnectOptions, Down, EpochChange, Gap, Written } from './client-events.js';

/** Connects, and resolves at the first `connect`. Waits for a bridge that does not run yet, unless `reconnect` is false. */
export async function connectBridge(options: ConnectOptions): Promise<BridgeClient> {
  const client = new BridgeClient(options);
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => { resolve(); });
    client.once('end', ({ error }) => { reject(error ?? new HoldlineError('bridge-unavailable', 'cannot connect: the client was closed')); });
  });
  return client;
}
