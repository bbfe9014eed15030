// How a program that is not ours is started with fewer rights than we have: which prefix, and what this machine cannot give.
// Only decides; whoever starts it uses the argv as it is, never a shell.

export interface Confinement {
  /** The user it runs as; null: one that owns nothing (systemd's dynamic user, else `nobody`). */
  readonly user: string | null;
  /** Files and folders it may write, by full path, where they exist; everything else of the system is read-only where systemd offers that. */
  readonly writable: readonly string[];
  /** False: no network but Unix sockets, where systemd offers that. */
  readonly network: boolean;
  /** True: /dev as it is; who may open what follows from the user's groups. */
  readonly devices: boolean;
  /** Names of the variables it gets; their values never stand in an argument, where every user could read them. */
  readonly variables: readonly string[];
  readonly cwd: string;
  /** After this the system itself ends it, whatever became of us. */
  readonly timeoutMs: number;
}

/** What the machine offers. */
export interface ConfiningHost {
  readonly isRoot: boolean;
  /** PID 1 is systemd. */
  readonly hasSystemd: boolean;
  /** util-linux' setpriv is there. */
  readonly hasSetpriv: boolean;
}

export interface ConfinedCommand {
  readonly argv: readonly string[];
  /** The transient unit that must be ended when the program is to end early; null: its process group is all there is. */
  readonly unit: string | null;
  /** What could not be had here, as sentences for a person; empty: everything. */
  readonly lacks: readonly string[];
}

/** What `ProtectHome` would hide. */
const HOMES = ['/home', '/root', '/run/user'] as const;
/** The program cannot gain rights, nor see other users' files in /tmp and /home, nor load anything into the kernel. */
const SYSTEM_PROPERTIES = [
  'ProtectSystem=strict', 'PrivateTmp=yes', 'NoNewPrivileges=yes', 'CapabilityBoundingSet=', 'AmbientCapabilities=',
  'ProtectKernelTunables=yes', 'ProtectKernelModules=yes', 'ProtectKernelLogs=yes', 'ProtectControlGroups=yes', 'ProtectClock=yes', 'ProtectProc=invisible',
  'RestrictNamespaces=yes', 'RestrictSUIDSGID=yes', 'LockPersonality=yes', 'KillMode=control-group', 'UMask=0077',
] as const;
const NO_RIGHTS = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all'] as const;
const NOBODY = 'nobody';

/** @param unit a name no other unit has, `holdline-hook-3f2a9c` */
export function confineCommand(argv: readonly string[], wanted: Confinement, host: ConfiningHost, unit: string): ConfinedCommand {
  if (host.isRoot && host.hasSystemd) return { argv: [...systemdRun(wanted, unit), '--', ...argv], unit: `${unit}.service`, lacks: [] };
  const lacks = ['it sees the system as it is, not read-only: that takes systemd, and holdline started by root'];
  if (host.isRoot && host.hasSetpriv) {
    return { argv: ['setpriv', `--reuid=${wanted.user ?? NOBODY}`, `--regid=${groupOf(wanted.user)}`, '--init-groups', ...NO_RIGHTS, '--', ...argv], unit: null, lacks };
  }
  lacks.push(host.isRoot ? 'it runs as root: setpriv (Debian package util-linux) is missing' : 'it runs as the same user as holdline: only root can start a program as another');
  return { argv: host.hasSetpriv ? ['setpriv', '--no-new-privs', '--', ...argv] : argv, unit: null, lacks };
}

/** Debian gives each system user a group of its own name; `nobody` alone has another. */
const groupOf = (user: string | null): string => (user === null || user === NOBODY ? 'nogroup' : user);

/** An app may be installed in a person's home: then it is read, as everything else is. */
const liesInHome = (path: string): boolean => HOMES.some((home) => path === home || path.startsWith(`${home}/`));

function systemdRun(wanted: Confinement, unit: string): readonly string[] {
  const properties: string[] = [
    ...SYSTEM_PROPERTIES, `ProtectHome=${liesInHome(wanted.cwd) ? 'read-only' : 'yes'}`, wanted.user === null ? 'DynamicUser=yes' : `User=${wanted.user}`, `WorkingDirectory=${wanted.cwd}`,
    `RuntimeMaxSec=${Math.ceil(wanted.timeoutMs / 1000)}s`, ...wanted.writable.map((path) => `ReadWritePaths=-${path}`),
    ...(wanted.devices ? [] : ['PrivateDevices=yes']),
    ...(wanted.network ? [] : ['PrivateNetwork=yes', 'RestrictAddressFamilies=AF_UNIX']),
  ];
  return [
    'systemd-run', '--quiet', '--pipe', '--wait', '--collect', '--service-type=exec', `--unit=${unit}`,
    ...properties.map((property) => `--property=${property}`), ...wanted.variables.map((name) => `--setenv=${name}`),
  ];
}
