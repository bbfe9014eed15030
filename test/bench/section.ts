// What every section of the bench is: it measures in a world of its own and gives rows.
import type { BenchWorld } from './bench-device.js';
import type { Row } from './table.js';

export interface Section {
  readonly name: string;
  readonly title: string;
  run(world: BenchWorld, say: (line: string) => void): Promise<readonly Row[]>;
}
