// Turns what the schema found into sentences a person can act on. It never repeats a value that may hold a secret.
import type * as z from 'zod/mini';
import { suggest } from '../domain/suggest.js';
import { HOOK_FORMS } from './hooks-schema.js';
import { GROUP_KEYS } from './rollout-schema.js';
import { KEY_FORMS, PROBE_FORMS, SERVICE_FORMS, settingsSchema } from './schema.js';
import { ON_CHANGE_FORMS, ON_CHANGE_WORDS } from './services-schema.js';
import type { Finding, KeyPath } from './parse-settings-yaml.js';

type Issue = z.core.$ZodIssue;
interface Form { readonly key: string; readonly shape: Readonly<Record<string, unknown>> }

/** Keys people expect here, and where the thing is instead. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  github_token: 'A token does not belong in this file: put GITHUB_TOKEN into the environment or into .env beside it.',
  token: 'A token does not belong in this file: put GITHUB_TOKEN into the environment or into .env beside it.',
};

export function explainIssues(issues: readonly Issue[], input: unknown): readonly Finding[] {
  return issues.flatMap((issue) => explainIssue(issue, issue.path as KeyPath, input));
}

function explainIssue(issue: Issue, path: KeyPath, input: unknown): readonly Finding[] {
  const value = valueAt(input, path);
  switch (issue.code) {
    case 'invalid_union': return explainUnion(issue, path, input);
    case 'unrecognized_keys': return issue.keys.map((key) => explainUnknownKey(key, path, input));
    case 'invalid_type':
      if (value === undefined) return [{ path, at: 'key', message: `${nameOf(path)} is missing`, ...hintForMissing(path) }];
      return [wrong(path, `must be ${describeType(issue.expected)}, not ${describeValue(value)}`, hintForType(issue.expected, value))];
    case 'invalid_value': {
      const near = typeof value === 'string' ? suggest(value, issue.values.map(String)) : undefined;
      return [wrong(path, `must be one of ${issue.values.join(', ')}`, near === undefined ? undefined : `Did you mean "${near}"?`)];
    }
    case 'too_small': return [wrong(path, issue.origin === 'number' || issue.origin === 'int' ? `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}` : issue.message)];
    case 'too_big': return [wrong(path, `must be at most ${issue.maximum}`)];
    case 'invalid_key': return [{ ...wrong(path, `is not a name for ${nameRule(path)}`), at: 'key' }];
    default: return [wrong(path, issue.message, hintForFormat(path, value))];
  }
}

function nameRule(path: KeyPath): string {
  if (path[0] === 'groups') return 'a group: a letter, then letters, digits, "_", "." or "-"';
  return path[0] === 'components' && path.at(-2) !== 'env' ? 'a component: it must begin with a letter and hold only letters, digits, "_" and "-"' : 'an environment variable';
}

/** The choice whose key is there is the one that was meant; its mistakes are the ones to tell. */
function explainUnion(issue: Issue & { readonly code: 'invalid_union' }, path: KeyPath, input: unknown): readonly Finding[] {
  const value = valueAt(input, path);
  const forms = formsOf(path);
  if (typeof value === 'string' && forms === KEY_FORMS) return (issue.errors.at(-1) ?? []).flatMap((inner) => explainIssue(inner, path, input));
  if (forms === ON_CHANGE_FORMS && !isMapping(value)) return [explainOnChange(path, value)];
  if (forms === HOOK_FORMS && Array.isArray(value)) return (issue.errors.at(-1) ?? []).flatMap((inner) => explainIssue(inner, [...path, ...(inner.path as KeyPath)], input));
  if (forms === HOOK_FORMS && !isMapping(value)) return [wrong(path, `must be a list (program and arguments) or a mapping with command, not ${describeValue(value)}`, 'For example: [src/hooks/drain.sh], or {command: [src/hooks/drain.sh], timeout: 60}.')];
  if (!isMapping(value)) return [wrong(path, `must be a mapping with ${listForms(forms)}, not ${describeValue(value)}`)];
  const meant = forms.findIndex((form) => Object.hasOwn(value, form.key));
  if (meant >= 0) return (issue.errors[meant] ?? []).flatMap((inner) => explainIssue(inner, [...path, ...(inner.path as KeyPath)], input));
  const known = knownKeys(path, value);
  const unknown = Object.keys(value).filter((key) => !known.includes(key)).map((key) => explainUnknownKey(key, path, input));
  return unknown.length > 0 ? unknown : [{ ...wrong(path, `needs ${listForms(forms)}`), at: 'key' }];
}

function explainOnChange(path: KeyPath, value: unknown): Finding {
  const near = typeof value === 'string' ? suggest(value, ON_CHANGE_WORDS) : undefined;
  const signal = typeof value === 'string' && /^(?:SIG)?[A-Z]+\d?$/u.test(value) ? `Write {signal: ${value.startsWith('SIG') ? value : `SIG${value}`}}.` : undefined;
  return wrong(path, `must be ${ON_CHANGE_WORDS.join(', ')}, {signal: SIGHUP} or {bridge: NAME}, not ${describeValue(value)}`, near === undefined ? signal : `Did you mean "${near}"?`);
}

function explainUnknownKey(key: string, path: KeyPath, input: unknown): Finding {
  const value = valueAt(input, path);
  const forms = formsOf(path);
  const present = isMapping(value) ? forms.find((form) => Object.hasOwn(value, form.key)) : undefined;
  if (present !== undefined && forms.some((form) => form.key === key)) {
    return { path: [...path, key], at: 'key', message: `"${key}" cannot stand beside "${present.key}"`, hint: 'Keep one of them, or make two entries.' };
  }
  const near = suggest(key, knownKeys(path, value));
  const place = path.length === 0 ? '' : ` in ${nameOf(path)}`;
  const elsewhere = path.length === 0 && Object.hasOwn(ELSEWHERE, key) ? ELSEWHERE[key] : undefined;
  return {
    path: [...path, key], at: 'key',
    message: `unknown key "${key}"${place}${near === undefined ? '' : `, did you mean "${near}"?`}`,
    hint: elsewhere ?? (near === undefined ? `Known here: ${knownKeys(path, value).join(', ')}.` : `Write ${near} instead.`),
  };
}

function formsOf(whole: KeyPath): readonly Form[] {
  // A component says it as the file would.
  const path = whole[0] === 'components' ? whole.slice(2) : whole;
  if (path[0] === 'services' && path.length === 2) return SERVICE_FORMS;
  if (path[0] === 'services' && path[2] === 'on_change' && path.length === 3) return ON_CHANGE_FORMS;
  if (path[0] === 'health' && path.length === 2) return PROBE_FORMS;
  if (path[0] === 'hooks' && path.length === 2) return HOOK_FORMS;
  if (path[0] === 'trust' && path[1] === 'keys' && path.length === 3) return KEY_FORMS;
  return [];
}

function knownKeys(path: KeyPath, value: unknown): readonly string[] {
  if (path[0] === 'groups' && path.length === 2) return GROUP_KEYS;
  const forms = formsOf(path);
  if (forms.length > 0) {
    const meant = isMapping(value) ? forms.filter((form) => Object.hasOwn(value, form.key)) : [];
    return [...new Set((meant.length > 0 ? meant : forms).flatMap((form) => Object.keys(form.shape)))];
  }
  return Object.keys(shapeAt(path) ?? {});
}

/** The keys of a mapping in the schema. */
function shapeAt(path: KeyPath): Readonly<Record<string, unknown>> | undefined {
  let schema: unknown = settingsSchema;
  for (const part of path) {
    const shape = definitionOf(schema, 'shape');
    schema = isMapping(shape) ? shape[part] : definitionOf(schema, 'valueType');
  }
  const shape = definitionOf(schema, 'shape');
  return isMapping(shape) ? shape : undefined;
}

/** A default and what is optional wrap their type. */
function definitionOf(schema: unknown, what: 'shape' | 'valueType'): unknown {
  if (!isMapping(schema) || !isMapping(schema['def'])) return undefined;
  return schema['def'][what] ?? definitionOf(schema['def']['innerType'], what);
}

const wrong = (path: KeyPath, what: string, hint?: string): Finding => ({ path, at: 'value', message: `${nameOf(path)} ${what}`, hint });

/** `services[1].command`. */
export function nameOf(path: KeyPath): string {
  return path.length === 0 ? 'the file' : path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}

export function valueAt(input: unknown, path: KeyPath): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return value;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'a mapping', record: 'a mapping',
};
const describeType = (expected: string): string => TYPE_NAMES[expected] ?? expected;

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'empty';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  return 'text';
}

function hintForType(expected: string, value: unknown): string | undefined {
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return 'Put quotes around it.';
  if (expected === 'boolean' && typeof value === 'string') return /^(?:y|yes|on|true)$/iu.test(value) ? 'Write true, without quotes.' : 'Write true or false, without quotes.';
  if ((expected === 'number' || expected === 'int') && typeof value === 'string') return 'Write a plain number without quotes or unit; all times are seconds.';
  if (expected === 'array') return 'Write a list: [a, b], or one "- item" per line.';
  return undefined;
}

function hintForFormat(path: KeyPath, value: unknown): string | undefined {
  if (path.at(-1) !== 'github_repo' || typeof value !== 'string') return undefined;
  const pasted = /github\.com[/:](?<repo>[^/\s]+\/[^/\s?#]+?)(?:\.git)?(?:[/?#].*)?$/u.exec(value)?.groups?.['repo'];
  return pasted === undefined ? 'For example: github_repo: owner/name.' : `Write github_repo: ${pasted}.`;
}

function hintForMissing(path: KeyPath): { readonly hint?: string } {
  return path.length === 1 && path[0] === 'github_repo' ? { hint: 'Add a line like github_repo: owner/name, or set GITHUB_REPO.' } : {};
}

function listForms(forms: readonly Form[]): string {
  const keys = forms.map((form) => form.key);
  return keys.length < 2 ? keys.join('') : `${keys.slice(0, -1).join(', ')} or ${keys.at(-1) ?? ''}`;
}
