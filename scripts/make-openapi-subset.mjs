// Cuts the parts of GitHub's own OpenAPI description that the local GitHub answers with out of npm @octokit/openapi (400 MB unpacked, so
// no dependency). To renew: npm pack @octokit/openapi@23.0.2 in a temporary folder, unpack it, then
//   node scripts/make-openapi-subset.mjs <folder>/package
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [from] = process.argv.slice(2);
if (from === undefined) {
  console.error('usage: node scripts/make-openapi-subset.mjs <unpacked @octokit/openapi>');
  process.exit(2);
}
const into = 'test/fixtures/github-openapi';
const roots = ['release', 'release-asset', 'full-repository', 'simple-user', 'rate-limit-overview', 'content-file', 'file-commit', 'basic-error', 'validation-error'];
/** Words for readers, not for a validator. */
const dropped = new Set(['description', 'example', 'examples', 'deprecated', 'title']);

const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
const { components: { schemas } } = JSON.parse(readFileSync(join(from, 'generated/api.github.com.json'), 'utf8'));

/** `inMap`: the keys are names of fields, not of the schema language, so that a field called `description` stays. */
function clean(value, inMap = false) {
  if (Array.isArray(value)) return value.map((item) => clean(item));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => inMap || !(dropped.has(key) || key.startsWith('x-')));
  return Object.fromEntries(kept.map(([key, item]) => [key, clean(item, !inMap && key === 'properties')]));
}

const subset = {};
function take(name) {
  if (name in subset) return;
  subset[name] = clean(schemas[name]);
  for (const match of JSON.stringify(subset[name]).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) take(match[1]);
}
for (const name of roots) take(name);

mkdirSync(into, { recursive: true });
writeFileSync(join(into, 'subset.json'), `${JSON.stringify({ source: `@octokit/openapi@${version}, MIT, https://github.com/octokit/openapi`, components: { schemas: subset } }, null, 1)}\n`);
writeFileSync(join(into, 'LICENSE'), readFileSync(join(from, 'LICENSE')));
console.log(`${Object.keys(subset).length} schemas`);
