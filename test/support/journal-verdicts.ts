// The same question put to both readers of a journal, answered in the same words, so that the answers can be compared.
import { HoldlineError } from '../../src/domain/errors.js';
import { crashAnswer, foldJournal, needsSettling } from '../../src/engine/fold-journal.js';
import { parseJournal } from '../../src/engine/journal-lines.js';
import { answerTo, judgeJournal } from '../../src/recovery/judge-journal.js';
import { JournalDamage, readJournal } from '../../src/recovery/read-journal.js';

export type Verdict = { readonly damagedLine: number } | { readonly empty: true } | {
  readonly answer: string; readonly state: string; readonly reason: string | null; readonly code: string | null; readonly started: number; readonly done: number;
  readonly undone: readonly number[]; readonly restarts: number; readonly paused: boolean; readonly openBoot: string | null; readonly ended: string | null;
  readonly settled: boolean; readonly goodBytes: number;
};

export function engineVerdict(bytes: Buffer): Verdict {
  try {
    const { records, goodBytes } = parseJournal(bytes, 'the.journal');
    const summary = foldJournal(records, 'the.journal');
    if (summary === undefined) return { empty: true };
    const { state, reason, code, stepsStarted: started, stepsDone: done, undone, restarts, paused, openBoot, end, settled } = summary;
    needsSettling(summary);
    return { answer: crashAnswer(summary), state, reason, code, started, done, undone: [...undone].sort(), restarts, paused, openBoot, ended: end?.outcome ?? null, settled, goodBytes };
  } catch (thrown) {
    if (thrown instanceof HoldlineError && thrown.code === 'journal-damaged' && thrown.where !== undefined) return { damagedLine: thrown.where.line };
    throw thrown;
  }
}

export function recoveryVerdict(bytes: Buffer): Verdict {
  try {
    const { records, goodBytes } = readJournal(bytes);
    const judgement = judgeJournal(records);
    if (judgement === undefined) return { empty: true };
    const { state, reason, code, started, done, undone, restarts, paused, openBoot, end, settled } = judgement;
    return { answer: answerTo(judgement), state, reason, code, started, done, undone: [...undone].sort(), restarts, paused, openBoot, ended: end?.outcome ?? null, settled, goodBytes };
  } catch (thrown) {
    if (thrown instanceof JournalDamage) return { damagedLine: thrown.line };
    throw thrown;
  }
}
