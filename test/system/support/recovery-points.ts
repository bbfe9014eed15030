// Where recovery is to be killed: before each of its calls, once for every call that comes before it, whatever crash leads there.
// Hundreds of crashes lead to the same recovery; `every` takes each of them all the same.
export class RecoveryPoints {
  readonly #known = new Set<string>();
  readonly #every: boolean;

  constructor(every: boolean) { this.#every = every; }

  /**
   * @param calls what the recovery of a crash did, as `cut` lists it
   * @returns numbers of those before which it has not been killed yet
   */
  add(calls: readonly string[]): number[] {
    const names = calls.map(nameOf);
    return names.flatMap((name, index) => {
      const key = `${names[index - 1] ?? ''} > ${name}`;
      if (!this.#every && this.#known.has(key)) return [];
      this.#known.add(key);
      return [index + 1];
    });
  }
}

/** Without what differs from run to run: the number of the call, names of journals and backups, process ids. */
const nameOf = (line: string): string => line.replace(/^\d+ /u, '').replaceAll(/\d{8}T\d{6}Z-[0-9a-f]{6}/gu, '#').replaceAll(/\d+/gu, '#');
