// Who had the consumer's seat last, beside the epochs: after a restart of the bridge an app that is coming back must find its seat, and not
// a program at the PTY link in it. Must never keep a bridge from working: it is a courtesy.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SeatMemory {
  readonly last: string | undefined;
  remember(kind: string): void;
}

export function seatMemory(spool: string): SeatMemory {
  const path = join(spool, 'seat');
  let known: { readonly last: string | undefined } | undefined;
  // Only when it is asked for: while a bridge starts, nobody reads the line.
  const last = (): string | undefined => (known ??= { last: readWord(path) }).last;
  return {
    get last() { return last(); },
    remember: (kind) => {
      if (kind === last()) return;
      known = { last: kind };
      try {
        writeFileSync(path, kind);
      } catch {
        // A full filesystem.
      }
    },
  };
}

function readWord(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
