// A simulated microcontroller at the far end of a serial line: a bootloader that takes an image page by page. It is the judge of what really stands
// in its flash, and knows nothing of holdline.
import { createHash } from 'node:crypto';
import { closeSync, readSync, writeSync } from 'node:fs';
import { openPty } from './bridge/open-pty.js';

const TICK_MS = 2;

export interface Board {
  /** What a bridge opens as its port. */
  readonly path: string;
  /** Sealed and whole: the version it runs; null while it is erased, half written, or wrong. */
  version(): string | null;
  pages(): number;
  /** From this many written pages on it says nothing more, until `wake`. */
  sleepAt(pages: number): void;
  wake(): void;
  close(): void;
}

export function startBoard(image: Buffer, version: string): Board {
  const { master, path } = openPty();
  let flash = Buffer.from(image);
  let sealed: string | null = version;
  let written = 0;
  let limit = Infinity;
  let rest = '';
  const hash = (): string => createHash('sha256').update(flash).digest('hex');
  const answer = (question: string): string => {
    const [verb, first = '', second = ''] = question.split(' ');
    switch (verb) {
      case 'V': return sealed === null ? 'NONE' : `V ${sealed} ${hash()}`;
      case 'E': flash = Buffer.alloc(0); sealed = null; return 'OK';
      case 'W': {
        if (Number(first) !== flash.length) return 'BAD offset';
        flash = Buffer.concat([flash, Buffer.from(second, 'hex')]);
        written += 1;
        return 'OK';
      }
      case 'S': if (hash() !== first) return 'BAD hash'; sealed = second; return 'OK';
      default: return 'BAD question';
    }
  };
  const look = (): void => {
    const bytes = Buffer.alloc(4096);
    try { rest += bytes.toString('latin1', 0, readSync(master, bytes)); } catch { /* nothing there, or nobody has it open */ }
    for (let end = rest.indexOf('\n'); end >= 0 && written < limit; end = rest.indexOf('\n')) {
      const [number = '', ...question] = rest.slice(0, end).split(' ');
      rest = rest.slice(end + 1);
      writeSync(master, `${number} ${answer(question.join(' '))}\n`);
    }
  };
  const timer = setInterval(look, TICK_MS);
  return {
    path, version: () => sealed, pages: () => written,
    sleepAt: (pages) => { limit = written + pages; },
    wake: () => { limit = Infinity; },
    close: () => { clearInterval(timer); closeSync(master); },
  };
}
