// The kernel's numbers of the system calls our filter knows, for x64, arm64 and 32-bit arm (EABI); null: the machine has no such call.
// Taken from libseccomp's tables. From 403 on the numbers are the same everywhere.

/** By `process.arch`. */
export const ARCHITECTURES = {
  x64: { audit: 0xc000003e, column: 0 },
  arm64: { audit: 0xc00000b7, column: 1 },
  arm: { audit: 0x40000028, column: 2 },
} as const;

export type Architecture = keyof typeof ARCHITECTURES;

type Numbers = readonly [x64: number | null, arm64: number | null, arm: number | null];

/** The last number known here; what later kernels add is refused as if it did not exist. */
export const LAST_KNOWN_CALL = 462;

/** Judged by their arguments. */
export const JUDGED_CALLS = {
  open: [2, null, 5], openat: [257, 56, 322], socket: [41, 198, 281], kill: [62, 129, 37], tgkill: [234, 131, 268],
  prlimit64: [302, 261, 369], ioctl: [16, 29, 54], clone: [56, 220, 120], clone3: [435, 435, 435], seccomp: [317, 277, 383],
} as const satisfies Readonly<Record<string, Numbers>>;

/** Whatever changes a file by its path or its owner, mode and attributes; starts a program; reaches another process; gains rights; changes the system. */
export const REFUSED_CALLS = {
  creat: [85, null, 8], open_by_handle_at: [304, 265, 371], openat2: [437, 437, 437], truncate: [76, 45, 92], truncate64: [null, null, 193],
  rename: [82, null, 38], renameat: [264, 38, 329], renameat2: [316, 276, 382], link: [86, null, 9], linkat: [265, 37, 330], symlink: [88, null, 83],
  symlinkat: [266, 36, 331], unlink: [87, null, 10], unlinkat: [263, 35, 328], mkdir: [83, null, 39], mkdirat: [258, 34, 323], rmdir: [84, null, 40],
  mknod: [133, null, 14], mknodat: [259, 33, 324], chmod: [90, null, 15], fchmod: [91, 52, 94], fchmodat: [268, 53, 333], fchmodat2: [452, 452, 452],
  chown: [92, null, 182], fchown: [93, 55, 95], lchown: [94, null, 16], fchownat: [260, 54, 325], chown32: [null, null, 212],
  fchown32: [null, null, 207], lchown32: [null, null, 198], utime: [132, null, null], utimes: [235, null, 269], utimensat: [280, 88, 348],
  utimensat_time64: [null, null, 412], futimesat: [261, null, 326], setxattr: [188, 5, 226], lsetxattr: [189, 6, 227], fsetxattr: [190, 7, 228],
  removexattr: [197, 14, 235], lremovexattr: [198, 15, 236], fremovexattr: [199, 16, 237], mount: [165, 40, 21], umount2: [166, 39, 52],
  pivot_root: [155, 41, 218], chroot: [161, 51, 61], move_mount: [429, 429, 429], open_tree: [428, 428, 428], fsopen: [430, 430, 430],
  fsconfig: [431, 431, 431], fsmount: [432, 432, 432], fspick: [433, 433, 433], mount_setattr: [442, 442, 442], swapon: [167, 224, 87],
  swapoff: [168, 225, 115], quotactl: [179, 60, 131], quotactl_fd: [443, 443, 443], unshare: [272, 97, 337], setns: [308, 268, 375],
  execve: [59, 221, 11], execveat: [322, 281, 387], fork: [57, null, 2], vfork: [58, null, 190], ptrace: [101, 117, 26],
  process_vm_readv: [310, 270, 376], process_vm_writev: [311, 271, 377], process_madvise: [440, 440, 440], pidfd_getfd: [438, 438, 438],
  pidfd_send_signal: [424, 424, 424], tkill: [200, 130, 238], rt_sigqueueinfo: [129, 138, 178], rt_tgsigqueueinfo: [297, 240, 363],
  kcmp: [312, 272, 378], migrate_pages: [256, 238, 400], move_pages: [279, 239, 344], io_uring_setup: [425, 425, 425],
  io_uring_enter: [426, 426, 426], io_uring_register: [427, 427, 427], bpf: [321, 280, 386], perf_event_open: [298, 241, 364],
  userfaultfd: [323, 282, 388], fanotify_init: [300, 262, 367], fanotify_mark: [301, 263, 368], init_module: [175, 105, 128],
  finit_module: [313, 273, 379], delete_module: [176, 106, 129], kexec_load: [246, 104, 347], kexec_file_load: [320, 294, 401],
  reboot: [169, 142, 88], sethostname: [170, 161, 74], setdomainname: [171, 162, 121], settimeofday: [164, 170, 79], clock_settime: [227, 112, 262],
  clock_settime64: [null, null, 404], clock_adjtime: [305, 266, 372], clock_adjtime64: [null, null, 405], adjtimex: [159, 171, 124],
  acct: [163, 89, 51], syslog: [103, 116, 103], vhangup: [153, 58, 111], iopl: [172, null, null], ioperm: [173, null, null],
  modify_ldt: [154, null, null], uselib: [134, null, 86], add_key: [248, 217, 309], request_key: [249, 218, 310], keyctl: [250, 219, 311],
  mq_open: [240, 180, 274], mq_unlink: [241, 181, 275], msgget: [68, 186, 303], semget: [64, 190, 299], shmget: [29, 194, 307],
  setuid: [105, 146, 23], setgid: [106, 144, 46], setreuid: [113, 145, 70], setregid: [114, 143, 71], setresuid: [117, 147, 164],
  setresgid: [119, 149, 170], setgroups: [116, 159, 81], setfsuid: [122, 151, 138], setfsgid: [123, 152, 139], setuid32: [null, null, 213],
  setgid32: [null, null, 214], setreuid32: [null, null, 203], setregid32: [null, null, 204], setresuid32: [null, null, 208],
  setresgid32: [null, null, 210], setgroups32: [null, null, 206], setfsuid32: [null, null, 215], setfsgid32: [null, null, 216],
  capset: [126, 91, 185], personality: [135, 92, 136], setpriority: [141, 140, 97], ioprio_set: [251, 30, 314], sched_setscheduler: [144, 119, 156],
  sched_setparam: [142, 118, 154], sched_setattr: [314, 274, 380], sched_setaffinity: [203, 122, 241],
} as const satisfies Readonly<Record<string, Numbers>>;

export function callNumber(numbers: Numbers, architecture: Architecture): number | null {
  return numbers[ARCHITECTURES[architecture].column];
}
