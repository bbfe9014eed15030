// What a publisher asked that cannot be: nothing was built.
import { HoldlineError } from '../domain/errors.js';

export const publishUsage = (what: string, hint: string): HoldlineError => new HoldlineError('usage', `cannot publish: ${what}`, { hint });
