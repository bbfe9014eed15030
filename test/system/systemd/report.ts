// Counts what held and what did not; the last line is what the launcher reads.
export interface Report {
  /** One fact; a false one is told with its detail and the run goes on. */
  check(what: string, holds: boolean, detail?: string): void;
  /** One scenario: what it throws is one failure, and its facts are told together. */
  scenario(name: string, act: () => Promise<void>, onFailure: () => string): Promise<void>;
  figure(text: string): void;
  end(): number;
}

export function createReport(prefix: string): Report {
  let [passed, failed] = [0, 0];
  const say = (line: string): void => { process.stdout.write(`${prefix}: ${line}\n`); };
  const check: Report['check'] = (what, holds, detail = '') => {
    if (holds) passed += 1; else failed += 1;
    say(`  ${holds ? 'ok  ' : 'FAIL'} ${what}${holds || detail === '' ? '' : `: ${detail.trim().slice(0, 1500)}`}`);
  };
  return {
    check,
    async scenario(name, act, onFailure) {
      const begun = performance.now();
      const before = failed;
      say(name);
      try { await act(); } catch (thrown) { check(name, false, thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown)); }
      if (failed > before) say(onFailure());
      say(`  ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    },
    figure: (text) => { say(`  ${text}`); },
    end() {
      process.stdout.write(`${prefix}: ${passed} passed, ${failed} failed\n`);
      return failed === 0 ? 0 : 1;
    },
  };
}
