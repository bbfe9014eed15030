// Gives every error of a step its code and words; the step itself lets the system's errors pass.
import { explainFsError } from '../domain/fs-errors.js';
import type { StepContext } from './context.js';

type Do<Params> = (context: StepContext, params: Params) => Promise<void>;

/** @param doing an infinitive without `to`, with the object: `stage the new version` */
export function explainStep<Params>(doing: string, run: Do<Params>): Do<Params> {
  return async (context, params) => {
    try {
      await run(context, params);
    } catch (thrown) {
      throw explainFsError(thrown, doing, context.layout.installDir);
    }
  };
}
