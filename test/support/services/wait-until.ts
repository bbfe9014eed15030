// Waits for something to become true, by looking; fails loudly when it does not.
import { setTimeout as delay } from 'node:timers/promises';

export async function waitUntil(what: string, isTrue: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!await isTrue()) {
    if (performance.now() > end) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await delay(20);
  }
}
