// The settings file that `holdline init` writes: short, commented, and loadable as it is.

export interface InitialSettings {
  /** `owner/name`. */
  readonly repo: string;
  readonly installDir: string | null;
  readonly stateDir?: string | null | undefined;
  /** As suggested from the units and the folder found. */
  readonly services: readonly ({ readonly unit: string } | { readonly name: string; readonly command: readonly string[] })[];
  /** minisign public keys, when they are already known. */
  readonly keys: readonly string[];
}

export function renderSettings(initial: InitialSettings): string {
  return `# holdline: updates the software in install_dir from the releases of github_repo.
# All times are seconds. Relative paths start at this file. Every key: config/holdline.yaml in the package.
# A token for private repositories belongs into .env beside this file: GITHUB_TOKEN=…

github_repo: ${quote(initial.repo)}
${initial.installDir === null ? '# install_dir: /opt/app          # the app\'s folder; default: the working directory' : `install_dir: ${quote(initial.installDir)}`}
${initial.stateDir === null || initial.stateDir === undefined ? '' : `state_dir: ${quote(initial.stateDir)}\n`}
# What makes a release acceptable. Without a key nothing is installed.
trust:
  require: signature              # or checksum (SHA256SUMS, GitHub's digest), or none
${renderKeys(initial.keys)}

check_interval: 3600
auto_update: true

# What an update restarts. kind: hardware is never touched.
${renderServices(initial.services)}

# How a new version proves itself; without probes, its services must stay active.
# health:
#   - http: "http://127.0.0.1:8080/health"
#   - tcp: "127.0.0.1:1883"
probation:
  seconds: 60
  interval: 5
  failures: 3
`.replaceAll(/\n{3,}/gu, '\n\n');
}

function renderKeys(keys: readonly string[]): string {
  if (keys.length === 0) return '  keys: []                        # the publisher\'s minisign public key goes here: ["RW…"]';
  return `  keys:\n${keys.map((key) => `    - ${quote(key)}`).join('\n')}`;
}

function renderServices(services: InitialSettings['services']): string {
  if (services.length === 0) return '# services:\n#   - unit: app.service\n#   - {name: web, command: [node, src/server.js]}';
  return `services:\n${services.map((service) => ('unit' in service
    ? `  - unit: ${quote(service.unit)}`
    : `  - name: ${quote(service.name)}\n    command: [${service.command.map(quote).join(', ')}]`)).join('\n')}`;
}

/** JSON's strings are YAML's double-quoted ones; a dollar sign would be a variable. */
function quote(value: string): string {
  return JSON.stringify(value.replaceAll('$', '$$$$'));
}
