// Step: a managed path that the device does not have yet becomes a link into `current`. What a user put there meanwhile is never replaced.
import { dirname, join } from 'node:path';
import { HoldlineError } from '../domain/errors.js';
import type { Filesystem } from '../domain/ports.js';
import type { Step } from '../domain/plan.js';
import type { LinkPathParams } from '../decide/step-params.js';
import type { StepContext } from './context.js';
import { explainStep } from './explain-step.js';

export const linkPath: Step<LinkPathParams, StepContext> = {
  name: 'link-path',
  plan: (params) => ({
    name: 'link-path', state: 'switching', params, summary: `link ${params.managedPath}`,
    undo: [{ op: 'unlink', path: params.path, target: params.target }],
  }),
  do: explainStep('link a managed path', async ({ fs }, params) => {
    // Neither the release nor the device has it: nothing to link.
    if (!reaches(fs, params)) return;
    const there = fs.stat(params.path);
    if (there?.kind === 'link' && fs.readLink(params.path) === params.target) return;
    if (there !== undefined) {
      throw new HoldlineError('install-invalid', `cannot link ${params.managedPath}: something else was put at ${params.path} during the update`, { hint: 'Move it away and run the update again.' });
    }
    fs.makeDirectory(dirname(params.path));
    // Made in place, not beside it and renamed: a crash must leave nothing of ours in the user's folder.
    fs.symlink(params.target, params.path);
    fs.sync(dirname(params.path));
  }),
};

/** Whether the link would lead anywhere; its folder may not exist yet. */
function reaches(fs: Filesystem, { installDir, managedPath }: LinkPathParams): boolean {
  return fs.stat(join(fs.realPath(join(installDir, '.holdline', 'current')), managedPath)) !== undefined;
}
