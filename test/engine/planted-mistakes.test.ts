// The controls of the crash proofs change lines of the sources: where a line has changed, this says so long before the proofs are run.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PLANTED } from '../system/support/planted-mistakes.js';

it.each(Object.entries(PLANTED))('the mistake %s fits the sources', (_name, patches) => {
  for (const { file, from } of patches) expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8').split(from), `${file}: ${from}`).toHaveLength(2);
});
