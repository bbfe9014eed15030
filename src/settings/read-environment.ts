// What the environment says beside the file. The token is checked here and shown to nobody.
import type { Settings } from '../domain/settings.js';
import type { Finding } from './parse-settings-yaml.js';
import type { Variables } from './substitute.js';
import { isHttpUrl } from './value-rules.js';

export interface Environment {
  /** By the file's key names. */
  readonly values: Readonly<Record<string, string>>;
  /** Key or variable -> what a message calls it. */
  readonly origins: readonly (readonly [string, string])[];
  readonly token: string | null;
  readonly proxy: Settings['proxy'];
  readonly findings: readonly Finding[];
}

const KEYS = [['github_repo', 'GITHUB_REPO'], ['github_api_url', 'GITHUB_API_URL']] as const;

/** An empty variable is an unset one. */
export function readEnvironment(variables: Variables): Environment {
  const findings: Finding[] = [];
  const set = KEYS.map(([key, variable]) => [key, variable, variables[variable]?.trim() ?? ''] as const).filter(([, , value]) => value !== '');
  const proxyOf = (...names: readonly string[]): string | null => {
    const name = names.find((candidate) => (variables[candidate] ?? '') !== '');
    const given = name === undefined ? null : variables[name] ?? null;
    // curl takes `proxy:3128` too, so people write it.
    const value = given === null || given.includes('://') ? given : `http://${given}`;
    if (value !== null && name !== undefined && !isHttpUrl(value)) {
      findings.push({ path: [name], at: 'value', message: 'is not an http:// or https:// URL', hint: 'Write it like http://proxy.example:3128, or unset it.' });
    }
    return value;
  };
  const token = variables['GITHUB_TOKEN']?.trim() ?? '';
  if (!/^[\x21-\x7E]*$/u.test(token)) {
    findings.push({ path: ['GITHUB_TOKEN'], at: 'value', message: 'the token holds a space, a control character or a letter outside ASCII', hint: 'Copy it again, as one word.' });
  }
  const proxy = { https: proxyOf('https_proxy', 'HTTPS_PROXY'), http: proxyOf('http_proxy', 'HTTP_PROXY'), no: variables['no_proxy'] ?? variables['NO_PROXY'] ?? null };
  return {
    values: Object.fromEntries(set.map(([key, , value]) => [key, value])),
    origins: [...set.map(([key, variable]) => [key, variable] as const), ...findings.map((finding) => [String(finding.path[0]), String(finding.path[0])] as const)],
    token: token === '' ? null : token,
    proxy, findings,
  };
}
