import { describe, expect, it } from 'vitest';
import { HoldlineError } from '../../src/domain/errors.js';
import { chooseSettingsFile, envFileOf, loadSettings, type SettingsSources } from '../../src/settings/load-settings.js';

const KEY = `RWQ${'a'.repeat(53)}`;
const FILE = '/etc/holdline/holdline.yaml';

function load(text: SettingsSources['text'], more: Partial<SettingsSources> = {}): ReturnType<typeof loadSettings> {
  return loadSettings({ text, file: text === null ? null : FILE, env: {}, dotenv: null, flags: {}, cwd: '/opt/app', readKeyFile: () => { throw Object.assign(new Error('no'), { code: 'ENOENT' }); }, ...more });
}

function mistakesOf(text: SettingsSources['text'], more: Partial<SettingsSources> = {}): HoldlineError {
  try {
    load(text, more);
  } catch (thrown) {
    if (thrown instanceof HoldlineError) return thrown;
    throw thrown;
  }
  throw new Error('the settings were accepted');
}

const REPO = 'github_repo: acme/monitoring\n';

describe('defaults', () => {
  it('follow from the repository and the file', () => {
    const settings = load(REPO);
    expect(settings).toMatchObject({
      file: FILE, githubRepo: 'acme/monitoring', app: 'monitoring', installDir: '/opt/app', stateDir: '/var/lib/holdline/monitoring',
      runtimeDir: '/run/holdline/monitoring', backupPath: '/var/lib/holdline/monitoring/backups', checkInterval: 3600, autoUpdate: true,
      maxBackups: 3, downloadTimeout: 30, maxRetries: 3, retryDelay: 5, managedPaths: ['src', 'config', 'VERSION'], channel: 'stable',
      trust: { require: 'signature', keys: [] }, probation: { seconds: 60, interval: 5, failures: 3, maxRestarts: 3 },
      limits: { payloadBytes: 2 ** 31, unpackedBytes: 2 ** 33, entries: 100_000, depth: 64, ratio: 200 }, githubToken: null, warnings: [],
    });
  });
  it('are frozen to the bottom', () => {
    const settings = load(`${REPO}services: [{unit: a.service}]\n`);
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.services[0])).toBe(true);
    expect(Object.isFrozen(settings.trust.keys)).toBe(true);
  });
  it('put the socket of a private state_dir beside it', () => {
    expect(load(`${REPO}state_dir: state\n`)).toMatchObject({ stateDir: '/etc/holdline/state', runtimeDir: '/etc/holdline/state/run', backupPath: '/etc/holdline/state/backups' });
  });
  it.each(['src', 'src/', 'src/**', 's*/x', '**/*.db', 'config/a?.yaml', 'src//data/[ab]'])('preserve %s reaches a managed path', (pattern) => {
    expect(load(`${REPO}preserve: ["${pattern}"]\n`).preserve).toEqual([pattern]);
  });
  it.each(['sr', 'data/**', 'srcx/*', '/src', 'src/../x'])('preserve %s is refused', (pattern) => {
    expect(mistakesOf(`${REPO}preserve: ["${pattern}"]\n`).where).toMatchObject({ line: 2, column: 12 });
  });
  it('stand in for a key without a value', () => {
    expect(load(`${REPO}services:\n  # - unit: a.service\ntrust:\n`)).toMatchObject({ services: [], trust: { require: 'signature' } });
  });
});

describe('the forms of DESIGN 12', () => {
  it('all load', () => {
    const settings = load(`
github_repo: "\${GITHUB_REPO}"
install_dir: /opt/monitoring
state_dir: /var/lib/holdline/monitoring
trust: {require: signature, keys: ["${KEY}", {name: spare, file: keys/spare.pub}]}
asset: "monitoring-*.tar.gz"
services:
  - unit: monitoring.service
  - {name: web, command: [node, src/server.js], kind: service, depends_on: [monitoring.service]}
  - {name: meter, command: [node, src/meter.js], kind: hardware}
health:
  - {http: "http://127.0.0.1:8080/health", status: 200}
  - {tcp: "127.0.0.1:1883"}
  - {command: [./check.sh], timeout: 10}
  - {service: web, active_for: 10}
  - {bridge: meter}
probation: {seconds: 60, interval: 5, failures: 3}
`, {
      dotenv: { GITHUB_REPO: 'acme/monitoring' },
      readKeyFile: (path) => { expect(path).toBe('/etc/holdline/keys/spare.pub'); return `untrusted comment: minisign public key\n${KEY}\n`; },
    });
    expect(settings.trust.keys.map(({ publicKey }) => publicKey)).toEqual([KEY, KEY]);
    expect(settings.trust.keys[1]?.name).toBe('spare');
    expect(settings.services.map(({ name, kind, dependsOn }) => [name, kind, dependsOn])).toEqual([['monitoring', 'service', []], ['web', 'service', ['monitoring']], ['meter', 'hardware', []]]);
    expect(settings.health).toEqual([
      { kind: 'http', name: 'http http://127.0.0.1:8080/health', url: 'http://127.0.0.1:8080/health', status: 200, timeout: 5 },
      { kind: 'tcp', name: 'tcp 127.0.0.1:1883', host: '127.0.0.1', port: 1883, timeout: 5 },
      { kind: 'command', name: 'command ./check.sh', command: ['./check.sh'], timeout: 10 },
      { kind: 'service', name: 'service web', service: 'web', activeFor: 10, timeout: 5 },
      { kind: 'bridge', name: 'bridge meter', bridge: 'meter', timeout: 5 },
    ]);
  });
});

describe('mistakes', () => {
  it.each([
    ['an unknown key, at the key', `${REPO}chek_interval: 5\n`, 2, 1, 'check_interval'],
    ['a key in camel case', `${REPO}autoUpdate: true\n`, 2, 1, 'auto_update'],
    ['an unknown key inside a section', `${REPO}probation:\n  secnds: 5\n`, 3, 3, 'seconds'],
    ['an unknown key inside a service', `${REPO}services:\n  - unit: a.service\n    knd: hardware\n`, 4, 5, 'kind'],
    ['a mistyped choice', `${REPO}health:\n  - htpp: "http://x/"\n`, 3, 5, 'http'],
    ['two choices at once', `${REPO}services:\n  - {unit: a.service, command: [x]}\n`, 3, 23, 'cannot stand beside'],
    ['a service without unit or command', `${REPO}services:\n  - {name: a}\n`, 3, 5, 'unit or command'],
    ['a scalar for a service', `${REPO}services: [web]\n`, 2, 12, 'mapping'],
    ['a wrong type, at the value', `${REPO}check_interval:   "often"\n`, 2, 19, 'a number'],
    ['a quoted number', `${REPO}check_interval: "5"\n`, 2, 17, 'without quotes'],
    ['a yes', `${REPO}auto_update: yes\n`, 2, 14, 'Write true'],
    ['a number for text', `${REPO}app: 12\n`, 2, 6, 'quotes'],
    ['a number below the least', `${REPO}check_interval: 0\n`, 2, 17, 'at least 1'],
    ['infinity', `${REPO}retry_delay: .inf\n`, 2, 14, 'number'],
    ['a fraction of a backup', `${REPO}max_backups: 1.5\n`, 2, 14, 'whole number'],
    ['no backups', `${REPO}max_backups: 0\n`, 2, 14, 'at least 1'],
    ['a wrong word', `${REPO}trust: {require: signatur}\n`, 2, 18, 'signature'],
    ['a key that is none', `${REPO}trust: {keys: [RWfoo]}\n`, 2, 16, 'minisign'],
    ['a pasted URL', 'github_repo: https://github.com/acme/monitoring.git\n', 1, 14, 'acme/monitoring'],
    ['a missing repository', 'check_interval: 5\n', 1, 1, 'GITHUB_REPO'],
    ['an unset variable', `${REPO}install_dir: "\${NOWHERE}/x"\n`, 2, 14, 'NOWHERE'],
    ['a broken variable', `${REPO}install_dir: "\${1X}"\n`, 2, 14, '$$'],
    ['a managed path that escapes', `${REPO}managed_paths: [src, ../etc]\n`, 2, 22, 'relative path'],
    ['our own folder as a managed path', `${REPO}managed_paths: [.holdline]\n`, 2, 17, '.holdline'],
    ['a nested managed path', `${REPO}managed_paths: [src, src/lib]\n`, 2, 22, 'inside'],
    ['a managed path twice', `${REPO}managed_paths: [src, src/]\n`, 2, 22, 'twice'],
    ['no managed path', `${REPO}managed_paths: []\n`, 2, 16, 'at least one'],
    ['preserve outside', `${REPO}preserve: ["data/**"]\n`, 2, 12, 'no managed path'],
    ['state inside a managed path', `${REPO}install_dir: /opt/a\nstate_dir: /opt/a/src/state\n`, 3, 12, 'inside src'],
    ['backups inside our own folder', `${REPO}install_dir: /opt/a\nbackup_path: /opt/a/.holdline/b\n`, 3, 14, 'inside .holdline'],
    ['the root folder', `${REPO}install_dir: /\n`, 2, 14, 'root'],
    ['an unknown dependency', `${REPO}services:\n  - {name: web, command: [x]}\n  - {name: db, command: [x], depends_on: [wbe]}\n`, 4, 43, 'web'],
    ['a circle', `${REPO}services:\n  - {name: a, command: [x], depends_on: [b]}\n  - {name: b, command: [x], depends_on: [a]}\n`, 3, 41, 'a -> b -> a'],
    ['a name twice', `${REPO}services:\n  - {name: a, command: [x]}\n  - unit: a.service\n`, 4, 5, 'both called a'],
    ['a probe of nothing', `${REPO}health: [{service: web}]\n`, 2, 20, 'no service "web"'],
    ['a probe of a file', `${REPO}health: [{http: "file:///etc/passwd"}]\n`, 2, 17, 'http://'],
    ['a port that is none', `${REPO}health: [{tcp: "host:99999"}]\n`, 2, 16, 'port'],
    ['a unit that is an option', `${REPO}services: [{unit: "--force.service"}]\n`, 2, 19, '.service'],
    ['a shell command', `${REPO}services: [{name: a, command: "node x"}]\n`, 2, 31, 'a list'],
    ['a newline in a path', `${REPO}install_dir: "/opt/a\\nb"\n`, 2, 14, 'control characters'],
    ['a token in the file', `${REPO}github_token: ghp_secret\n`, 2, 1, '.env'],
    ['a type no policy knows', `${REPO}policy: {window: "2-4"}\n`, 2, 10, 'policy'],
    ['an api with a password', `${REPO}github_api_url: "https://u:p@ghe.example/api/v3"\n`, 2, 17, 'without user'],
    ['a number as environment', `${REPO}services: [{name: a, command: [x], env: {PORT: 80}}]\n`, 2, 48, 'quotes'],
    ['a tab', `${REPO}trust:\n\trequire: none\n`, 3, 1, 'tab'],
    ['a key twice', `${REPO}app: a\napp: b\n`, 3, 1, 'twice'],
    ['an alias', `${REPO}app: &a x\nchannel: *a\n`, 3, 10, 'alias'],
    ['a merge key', `${REPO}trust: &t {require: none}\nprobation:\n  <<: *t\n`, 4, 3, 'merge keys'],
    ['a tag', `${REPO}app: !secret x\n`, 2, 6, 'tag'],
    ['a list as root', '- a\n', 1, 1, 'keys and values'],
    ['a scalar as root', 'hello\n', 1, 1, 'keys and values'],
    ['an unclosed quote', `${REPO}app: "x\n`, 3, 1, 'YAML'],
    ['two documents', `${REPO}---\napp: x\n`, 2, 1, 'more than one'],
    ['a prototype', `${REPO}__proto__: {a: 1}\n`, 2, 1, '__proto__'],
    ['an empty file', '', 1, 1, 'github_repo'],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff]), 1, 1, 'UTF-8'],
    ['UTF-16', Buffer.from(`\uFEFF${REPO}`, 'utf16le'), 1, 1, 'UTF-8'],
    ['a huge file', `${REPO}#${'x'.repeat(1024 * 1024)}\n`, 1, 1, '256 KiB'],
    ['endless nesting', `a: ${'['.repeat(20_000)}`, 1, 1, ''],
  ])('%s', (_name, text, line, column, words) => {
    const error = mistakesOf(text);
    expect(error.code).toBe('settings-invalid');
    expect(error.exitCode).toBe(2);
    expect(`${error.message} ${error.hint ?? ''}`).toContain(words);
    if (!String(text).includes('[[[[')) expect(error.where).toEqual({ file: FILE, line, column });
    expect(error.message).toContain(`${FILE}:${error.where?.line}:${error.where?.column}: `);
  });

  it('are all told, in the order of the file', () => {
    const error = mistakesOf('chek_interval: 5\nmax_backups: no\ninstall_dir: "${NOWHERE}"\ngithub_repo: acme\n');
    expect(error.message).toContain('(and 3 more mistakes)');
    expect([error.where?.line, ...error.others.map(({ where }) => where?.line)]).toEqual([1, 2, 3, 4]);
  });
  it('of the environment and of flags name them', () => {
    expect(mistakesOf(REPO, { env: { GITHUB_REPO: 'x' } }).message).toContain('GITHUB_REPO: github_repo must be owner/name');
    expect(mistakesOf(REPO, { flags: { log_level: 'loud' } }).message).toContain('--log-level: log_level must be one of');
    expect(mistakesOf(REPO, { env: { GITHUB_REPO: 'x' } }).where).toBeUndefined();
  });
});

describe('variables', () => {
  it.each([
    ['${PORT}', { PORT: '12' }, 12], ['${PORT:-7}', {}, 7], ['${PORT:-7}', { PORT: '' }, 7], ['1${PORT}', { PORT: '2' }, 12], ['${PORT:-7.5}', {}, 7.5],
  ])('%s is a number where one is wanted', (text, env, expected) => {
    expect(load(`${REPO}check_interval: "${text}"\n`, { env }).checkInterval).toBe(expected);
  });
  it('are booleans and nested numbers too', () => {
    const settings = load(`${REPO}auto_update: \${AUTO}\nhealth: [{http: "http://a/", status: "\${S}"}]\n`, { env: { AUTO: 'false', S: '204' } });
    expect(settings).toMatchObject({ autoUpdate: false, health: [{ status: 204 }] });
  });
  it('stay text where text is wanted', () => {
    expect(load(`${REPO}app: "\${N}"\n`, { env: { N: '12' } }).app).toBe('12');
  });
  it('are never read as YAML or substituted twice', () => {
    expect(load(`${REPO}install_dir: "\${X}"\n`, { env: { X: '/a: [b]/${Y}$$ # c' } }).installDir).toBe('/a: [b]/${Y}$$ # c');
  });
  it.each([['a$$b', 'a$b'], ['$HOME', '$HOME'], ['$${X}', '${X}']])('%s is %s', (text, expected) => {
    expect(load(`${REPO}services: [{name: a, command: ["${text}"]}]\n`).services[0]?.command).toEqual([expected]);
  });
  it('that hold no number are a mistake at their place', () => {
    const error = mistakesOf(`${REPO}check_interval: "\${PORT}"\n`, { env: { PORT: 'hunter2' } });
    expect(error.where).toMatchObject({ line: 2, column: 17 });
    expect(error.message).not.toContain('hunter2');
  });
});

describe('layers', () => {
  it('environment over file, flags over both, the environment over .env', () => {
    const env = { GITHUB_REPO: 'env/repo', GITHUB_API_URL: 'https://ghe.example/api/v3/' };
    expect(load(REPO, { dotenv: { GITHUB_REPO: 'dot/env' } }).githubRepo).toBe('dot/env');
    expect(load(REPO, { env, dotenv: { GITHUB_REPO: 'dot/env' } })).toMatchObject({ githubRepo: 'env/repo', githubApiUrl: 'https://ghe.example/api/v3' });
    expect(load(REPO, { env, flags: { github_repo: 'flag/repo', log_level: undefined } })).toMatchObject({ githubRepo: 'flag/repo', logLevel: 'info' });
  });
  it('an overruled mistake in the file does not matter', () => {
    expect(load('github_repo: "${NOWHERE}"\n', { env: { GITHUB_REPO: 'a/b' } }).githubRepo).toBe('a/b');
  });
  it('relative paths start at the file, those of flags at the working folder', () => {
    expect(load(`${REPO}install_dir: app\n`).installDir).toBe('/etc/holdline/app');
    expect(load(REPO, { flags: { install_dir: 'app' } }).installDir).toBe('/opt/app/app');
    expect(load(`${REPO}install_dir: ~/app\n`).installDir).toBe('/etc/holdline/~/app');
  });
  it('work without a file', () => {
    expect(load(null, { env: { GITHUB_REPO: 'a/b' } })).toMatchObject({ file: null, githubRepo: 'a/b', installDir: '/opt/app' });
    expect(mistakesOf(null).code).toBe('settings-missing');
  });
  it('a BOM and CRLF do no harm', () => {
    expect(load(`\uFEFF${REPO}app: x\r\n`).app).toBe('x');
    expect(load(Buffer.from(`\uFEFF${REPO}`)).app).toBe('monitoring');
  });
});

describe('token and proxy', () => {
  it('is trimmed, and empty is none', () => {
    expect(load(REPO, { env: { GITHUB_TOKEN: ' ghp_abc \n' } }).githubToken).toBe('ghp_abc');
    expect(load(REPO, { env: { GITHUB_TOKEN: '' } }).githubToken).toBeNull();
  });
  it('with control characters is refused and not shown', () => {
    const error = mistakesOf(REPO, { env: { GITHUB_TOKEN: 'hun\nter2' } });
    expect(error.code).toBe('settings-invalid');
    expect(JSON.stringify([error.message, error.hint, error.context, error.others])).not.toMatch(/hun|ter2/u);
  });
  it('travels over http to this machine only', () => {
    const env = { GITHUB_TOKEN: 't0ken' };
    expect(mistakesOf(`${REPO}github_api_url: "http://ghe.example/api/v3"\n`, { env }).where).toMatchObject({ line: 2, column: 17 });
    for (const host of ['127.0.0.1:99', 'localhost:99', '[::1]:99', '127.9.9.9']) expect(load(REPO, { env: { ...env, GITHUB_API_URL: `http://${host}` } }).githubToken).toBe('t0ken');
    expect(load(`${REPO}github_api_url: "http://ghe.example"\n`).githubToken).toBeNull();
    for (const host of ['127.0.0.1.evil.example', 'localhost.evil.example', '0x7f.1.evil']) expect(mistakesOf(REPO, { env: { ...env, GITHUB_API_URL: `http://${host}` } }).code).toBe('settings-invalid');
  });
  it('finds proxies, the lower-case name first', () => {
    expect(load(REPO, { env: { https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:1', NO_PROXY: 'localhost' } }).proxy).toEqual({ https: 'http://a:1', http: null, no: 'localhost' });
    expect(load(REPO, { env: { HTTPS_PROXY: 'b:1' } }).proxy.https).toBe('http://b:1');
    expect(mistakesOf(REPO, { env: { https_proxy: 'socks5://a:1' } }).message).toContain('https_proxy');
  });
});

describe('warnings', () => {
  it.each([
    ['none', `${REPO}trust: {require: none}\n`, {}, 'trust.require is none'],
    ['a quick interval', `${REPO}check_interval: 30\n`, {}, 'check_interval 30'],
    ['a very quick one with a token', `${REPO}check_interval: 1\n`, { GITHUB_TOKEN: 'x' }, 'check_interval 1'],
    ['a missing key file', `${REPO}trust: {keys: [{file: a.pub}]}\n`, {}, '/etc/holdline/a.pub does not exist'],
    ['a long socket path', `${REPO}state_dir: /x${'y'.repeat(100)}\n`, {}, 'socket'],
    ['plain http without signatures', `${REPO}github_api_url: "http://ghe.example"\ntrust: {require: checksum}\n`, {}, 'http://'],
  ])('%s', (_name, text, env, words) => {
    expect(load(text, { env }).warnings.join('\n')).toContain(words);
  });
  it('none for an interval that a token allows', () => {
    expect(load(`${REPO}check_interval: 60\n`, { env: { GITHUB_TOKEN: 'x' } }).warnings).toEqual([]);
  });
});

describe('where the file is', () => {
  it('flag, then HOLDLINE_CONFIG, then the system', () => {
    expect(chooseSettingsFile('a.yaml', { HOLDLINE_CONFIG: '/b.yaml' }, '/c')).toEqual({ file: '/c/a.yaml', named: true });
    expect(chooseSettingsFile(undefined, { HOLDLINE_CONFIG: '/b.yaml' }, '/c')).toEqual({ file: '/b.yaml', named: true });
    expect(chooseSettingsFile(undefined, {}, '/c')).toEqual({ file: FILE, named: false });
    expect(envFileOf('/a/b c/x.yaml')).toBe('/a/b c/.env');
  });
});
