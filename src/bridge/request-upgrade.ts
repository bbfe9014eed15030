// Asks a running bridge to hand its line to the program now installed. Throws with the bridge's own words; the line is held either way.
import { join } from 'node:path';
import { askBridge } from './inspect.js';

const UPGRADE_TIMEOUT_MS = 20_000;

export async function requestUpgrade(socketDir: string, name: string): Promise<void> {
  const answer = await askBridge(join(socketDir, `${name}.sock`), { type: 'upgrade' }, UPGRADE_TIMEOUT_MS);
  if (answer.type === 'error') throw new Error(answer.message);
}
