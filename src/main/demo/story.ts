// The demo's voice: a timeline while it goes on, the checks at its end, a table.
import type { Terminal } from '../../interface/cli/terminal.js';
import { paint } from '../../interface/cli/terminal.js';
import { formatTable } from '../../interface/cli/format.js';

export interface Story {
  tell(text: string): void;
  /** One line; a false one makes the demo fail. */
  check(what: string, ok: boolean, found?: string): void;
  table(title: string, rows: readonly (readonly string[])[]): void;
  readonly failures: number;
}

export function createStory(terminal: Terminal): Story {
  const begun = performance.now();
  let failures = 0;
  return {
    tell(text) { terminal.out(`${paint(terminal, 'dim', `${((performance.now() - begun) / 1000).toFixed(1).padStart(5)} s`)}  ${text}\n`); },
    check(what, ok, found) {
      if (!ok) failures += 1;
      terminal.out(`         ${ok ? paint(terminal, 'green', 'ok  ') : paint(terminal, 'red', 'FAIL')} ${what}${ok || found === undefined ? '' : `: found ${found}`}\n`);
    },
    table(title, rows) { terminal.out(`\n${paint(terminal, 'bold', title)}\n${formatTable(rows, '  ')}`); },
    get failures() { return failures; },
  };
}
