// Asks the app over HTTP again and again, from outside, and measures when it did not answer.

export interface AppAnswer { readonly version: string; readonly greeting: string; readonly units?: string }

export interface AppWatch {
  /** The last answer; undefined before the first. */
  readonly last: AppAnswer | undefined;
  /** Milliseconds between the last good answer of one version and the first of the next, by `from -> to`. */
  readonly gaps: ReadonlyMap<string, number>;
  stop(): void;
}

const PAUSE_MS = 5;
const TIMEOUT_MS = 1000;

export function watchApp(url: string): AppWatch {
  const gaps = new Map<string, number>();
  const stopped = new AbortController();
  let last: AppAnswer | undefined;
  let lastGoodMs = 0;
  const ask = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        const response = await fetch(url, { signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), stopped.signal]) });
        const answer = await response.json() as AppAnswer;
        const now = performance.now();
        if (last !== undefined && last.version !== answer.version) gaps.set(`${last.version} -> ${answer.version}`, now - lastGoodMs);
        last = answer;
        lastGoodMs = now;
      } catch { /* this is what is being measured */ }
      await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
    }
  };
  void ask();
  return { get last() { return last; }, gaps, stop: () => stopped.abort() };
}
