// The table of the bridge's proof, and the count of what passed. A part that could not run is said, never passed.

export interface ProofRow {
  readonly part: string;
  readonly what: string;
  /** How often it was done. */
  readonly times: number;
  /** Bytes device to app and app to device. */
  readonly bytes: string;
  readonly lost: string;
  readonly note: string;
  readonly faults: readonly string[];
}

export class ProofTable {
  readonly #rows: ProofRow[] = [];
  readonly #skipped: string[] = [];

  add(row: ProofRow): void {
    this.#rows.push(row);
    process.stderr.write(`${row.faults.length === 0 ? 'ok    ' : 'FAILED'} ${row.part}: ${row.what}, ${row.times}x, ${row.note}\n${row.faults.map((fault) => `       ${fault}\n`).join('')}`);
  }

  skip(part: string, why: string): void {
    this.#skipped.push(part);
    process.stdout.write(`skipped ${part}: it needs ${why}\n`);
  }

  /** Prints everything; the exit code. */
  end(): number {
    const head = ['part', 'what', 'times', 'bytes in / out', 'lost / doubled', 'note', ''];
    const lines = [head, ...this.#rows.map((row) => [row.part, row.what, String(row.times), row.bytes, row.lost, row.note, row.faults.length === 0 ? 'passed' : 'FAILED'])];
    const widths = head.map((_cell, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
    const print = (line: readonly string[]): string => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
    process.stdout.write(`${[print(head), `| ${widths.map((width) => '-'.repeat(Math.max(width, 1))).join(' | ')} |`, ...lines.slice(1).map(print)].join('\n')}\n`);
    const failed = this.#rows.filter((row) => row.faults.length > 0).length;
    process.stdout.write(`${this.#rows.length - failed} passed, ${failed} failed${this.#skipped.length > 0 ? `, ${this.#skipped.length} skipped` : ''}\n`);
    return failed === 0 && this.#rows.length > 0 ? 0 : 1;
  }
}
