// What an action answers, for tables: `accepted`, the error's code, or a text no table expects.
import { HoldlineError } from '../../src/domain/errors.js';

export const codeOfThrown = (thrown: unknown): string => (thrown instanceof HoldlineError ? thrown.code : `uncoded: ${String(thrown)}`);

export function codeOf(act: () => unknown): string {
  try {
    act();
    return 'accepted';
  } catch (thrown) {
    return codeOfThrown(thrown);
  }
}

export async function codeOfAsync(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'accepted';
  } catch (thrown) {
    return codeOfThrown(thrown);
  }
}
