// GitHub's own description of its answers (a subset of npm @octokit/openapi) as validators.
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

export type SchemaName = 'release' | 'release-asset' | 'full-repository' | 'simple-user' | 'rate-limit-overview' | 'content-file' | 'file-commit' | 'basic-error' | 'validation-error';

/** A fresh set, so that no test sees another's errors. `list` validates an array of it. */
export function createGithubValidators(): (name: SchemaName, list?: boolean) => ValidateFunction {
  const file = new URL('../fixtures/github-openapi/subset.json', import.meta.url);
  const document = JSON.parse(readFileSync(file, 'utf8')) as { components: object };
  const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictTuples: false, strictRequired: false });
  ajv.addFormat('uri', (text: string) => URL.canParse(text));
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
  ajv.addFormat('int64', true);
  ajv.addFormat('email', /^[^@]+@[^@]+$/);
  ajv.addKeyword('components');
  ajv.addKeyword('source');
  ajv.addSchema(document, 'github');
  return (name, list = false) => {
    const one = { $ref: `github#/components/schemas/${name}` };
    return ajv.compile(list ? { type: 'array', items: one } : one);
  };
}
