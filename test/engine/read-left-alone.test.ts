// Who is left alone after all, read from what the merges noted; in a plan of several components each merge speaks for its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { joinPlans } from '../../src/decide/join-plans.js';
import type { Plan, TouchedService } from '../../src/domain/plan.js';
import { planServiceSteps } from '../../src/decide/plan-service-steps.js';
import { readLeftAlone } from '../../src/engine/read-left-alone.js';
import { createFilesystem } from '../../src/platform/filesystem.js';
import { planStep } from '../../src/steps/registry.js';
import { makeTempFolder, removeTempFolder } from '../support/temp-folder.js';

let folder: string;
beforeEach(() => { folder = makeTempFolder('left alone'); });
afterEach(() => removeTempFolder(folder));

const doubt = (name: string, path: string): TouchedService => ({ name, action: 'restart', because: { kind: 'path', path, count: 1 }, unless: { paths: [path], services: [] } });
function planOf(name: string, changed: readonly string[] | null, ...touched: readonly TouchedService[]): Plan {
  const staging = join(folder, name);
  mkdirSync(staging);
  if (changed !== null) writeFileSync(join(staging, 'changed-config.json'), JSON.stringify(changed));
  const { before, after } = planServiceSteps(planStep, touched, { seconds: 0, interval: 1, failures: 1, maxRestarts: 3 }, staging);
  const reference = { version: '1.0.0', directory: `1.0.0-${name}` };
  return {
    kind: 'update', from: reference, to: reference, steps: [...before, planStep('switch-current', { link: '/l', target: 't', version: '/v', from: null, previousLink: '/p', previous: null }), ...after],
    services: touched.map((entry) => entry.name), touched, probation: { seconds: 0, interval: 1, failures: 1, max_restarts: 3 },
  };
}

it('one merge', () => {
  const fs = createFilesystem();
  expect([...readLeftAlone(fs, planOf('a', ['config/b.yaml'], doubt('one', 'config/a.yaml'), doubt('two', 'config/b.yaml')))]).toEqual(['one']);
  expect(readLeftAlone(fs, planOf('b', null, doubt('one', 'config/a.yaml'))).size).toBe(0);
  expect(readLeftAlone(fs, planOf('c', [], { name: 'sure', action: 'restart', because: { kind: 'everything', why: 'x' } })).size).toBe(0);
});
it('two components with the same file names', () => {
  const joined = joinPlans([
    { component: 'first', plan: planOf('first', ['config/a.yaml'], doubt('one', 'config/a.yaml')) }, { component: 'second', plan: planOf('second', [], doubt('two', 'config/a.yaml')) },
  ]);
  expect([...readLeftAlone(createFilesystem(), joined)]).toEqual(['two']);
});
