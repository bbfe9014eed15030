// The environment an embedded service starts with: what a program needs to find things, and nothing of ours. Pure.

const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS'];
const FALLBACK_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `nodeDirectory`: where our own `node` lies, searched last, so that `command: [node, …]` works without one in PATH. */
export function serviceEnvironment(ours: Readonly<Record<string, string | undefined>>, nodeDirectory: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(ours)) {
    if (value !== undefined && (PASSED_ON.includes(name) || name.startsWith('LC_'))) env[name] = value;
  }
  env['PATH'] = `${env['PATH'] === undefined || env['PATH'] === '' ? FALLBACK_PATH : env['PATH']}:${nodeDirectory}`;
  return env;
}
