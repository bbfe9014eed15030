// Puts a whole app right after a crash: the journal of the app, then that of each component below it. Each by itself, so that one
// that is broken keeps nobody else from being repaired. Needs no settings: the folders say which components there are.
import { join } from 'node:path';
import { takeLock } from './lock.js';
import { alarmFor, recover, type RecoverOptions, type RecoverResult } from './recover.js';
import { isMissing, nodeRescueCalls, type RescueCalls } from './rescue-calls.js';
import { isDirectory, look } from './rescue-operations.js';
import { tryAgain } from './try-again.js';

const COMPONENTS = 'components';

/** @param options.stateDir the app's; its lock is the one for all of them */
export function recoverApp(options: RecoverOptions): readonly [RecoverResult, ...RecoverResult[]] {
  const { stateDir, fs: calls = nodeRescueCalls, lock = takeLock } = options;
  const below = lock === 'held' ? lock : (): ReturnType<typeof lock> => lock(stateDir);
  const own = recover(options);
  try {
    return [own, ...tryAgain(() => componentStateDirs(calls, stateDir)).map((dir) => recover({ ...options, stateDir: dir, lock: below }))];
  } catch (thrown) {
    return [own, alarmFor(thrown, join(stateDir, COMPONENTS))];
  }
}

export interface RecoverySummary { readonly outcome: RecoverResult['outcome']; readonly actions: readonly string[] }

/** The worst outcome speaks for all. */
const WORST_FIRST: readonly RecoverResult['outcome'][] = ['broken', 'busy', 'resume', 'repaired', 'nothing'];

export function summarizeRecovery(results: readonly RecoverResult[]): RecoverySummary {
  const actions = results.flatMap(({ transactions, alarm }) => [...transactions.map(({ message }) => message), ...(alarm === null ? [] : [`${alarm.message} ${alarm.hint}`])]);
  return { outcome: WORST_FIRST.find((outcome) => results.some((result) => result.outcome === outcome)) ?? 'nothing', actions };
}

export function componentStateDirs(calls: RescueCalls, stateDir: string): string[] {
  const root = join(stateDir, COMPONENTS);
  try {
    return calls.readdir(root).map((name) => join(root, name.toString('utf8'))).sort().filter((dir) => {
      const stat = look(calls, join(dir, 'journal'));
      return stat !== undefined && isDirectory(stat);
    });
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}
