/* cut: runs a command and counts every system call of all its processes and threads that changes something below DIR. At the
 * N-th it kills them all before the call happens (exit 137), or makes calls fail, wait or do nothing. Fast: seccomp stops
 * only at these calls. strace's own injection counts per thread and per call, and stops everywhere. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <elf.h>
#include <unistd.h>

enum kind { FD, PATH, PATH_AT, TWO_PATHS, TWO_AT, SYMLINK, SYMLINK_AT, OPEN, OPENAT, READ_FD, READ_PATH, READ_AT };
struct call { long nr; const char *name; enum kind kind; };
static const struct call CALLS[] = {
#define C(name, kind) { __NR_##name, #name, kind }
  C(write, FD), C(pwrite64, FD), C(writev, FD), C(pwritev, FD), C(pwritev2, FD), C(ftruncate, FD), C(fallocate, FD), C(fsync, FD), C(fdatasync, FD),
  C(syncfs, FD), C(fchmod, FD), C(fchown, FD), C(sendfile, FD), C(copy_file_range, FD), C(ioctl, FD), C(truncate, PATH), C(openat, OPENAT),
  C(unlinkat, PATH_AT), C(mkdirat, PATH_AT), C(mknodat, PATH_AT), C(fchmodat, PATH_AT), C(fchownat, PATH_AT), C(utimensat, PATH_AT),
  C(linkat, TWO_AT), C(renameat, TWO_AT), C(renameat2, TWO_AT), C(symlinkat, SYMLINK_AT),
#ifdef __NR_open
  C(open, OPEN), C(creat, PATH), C(unlink, PATH), C(rmdir, PATH), C(mkdir, PATH), C(mknod, PATH), C(chmod, PATH), C(chown, PATH), C(lchown, PATH), C(link, TWO_PATHS),
  C(rename, TWO_PATHS), C(symlink, SYMLINK),
#endif
};
static const struct call READS[] = {
  C(read, READ_FD), C(pread64, READ_FD), C(getdents64, READ_FD), C(readlinkat, READ_AT), C(statx, READ_AT), C(newfstatat, READ_AT),
#ifdef __NR_open
  C(readlink, READ_PATH), C(stat, READ_PATH), C(lstat, READ_PATH),
#endif
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOTHING_HAPPENS 1

static const char *root, *only, *skip;
static long at = -1, seen, delay_us, fail_with, times = 1;
static int reads, prevented;
static FILE *list;
static pid_t alive[1024];

static void die(const char *what) { fprintf(stderr, "cut: %s: %s\n", what, strerror(errno)); exit(125); }

static void install_filter(void) {
  struct sock_filter code[8 + 2 * (COUNT(CALLS) + COUNT(READS))];
  unsigned n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (unsigned i = 0; i < COUNT(CALLS); i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)CALLS[i].nr, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  }
  for (unsigned i = 0; reads && i < COUNT(READS); i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)READS[i].nr, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = { .len = (unsigned short)n, .filter = code };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) die("no_new_privs");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) die("seccomp");
}

static const struct call *find_call(long nr) {
  for (unsigned i = 0; i < COUNT(CALLS); i++) if (CALLS[i].nr == nr) return &CALLS[i];
  for (unsigned i = 0; i < COUNT(READS); i++) if (READS[i].nr == nr) return &READS[i];
  return NULL;
}

/* Byte by byte at the end of a page: a string may end right before an unmapped one. */
static void read_string(pid_t pid, unsigned long from, char *into, size_t size) {
  size_t length = 0;
  while (length < size - 1) {
    size_t chunk = 4096 - ((from + length) & 4095);
    if (chunk > size - 1 - length) chunk = size - 1 - length;
    struct iovec local = { into + length, chunk }, remote = { (void *)(from + length), chunk };
    ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (got <= 0) break;
    char *end = memchr(into + length, 0, (size_t)got);
    if (end != NULL) return;
    length += (size_t)got;
  }
  into[length] = 0;
}

static void path_of_fd(pid_t pid, long fd, char *into, size_t size) {
  char link[64];
  if ((int)fd == AT_FDCWD) snprintf(link, sizeof link, "/proc/%d/cwd", pid);
  else snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, (int)fd);
  ssize_t length = readlink(link, into, size - 1);
  into[length < 0 ? 0 : length] = 0;
}

static void path_at(pid_t pid, long dirfd, unsigned long name, char *into, size_t size) {
  char text[PATH_MAX], base[PATH_MAX];
  read_string(pid, name, text, sizeof text);
  if (text[0] == '/') { snprintf(into, size, "%s", text); return; }
  path_of_fd(pid, dirfd, base, sizeof base);
  if ((size_t)snprintf(into, size, "%s/%s", base, text) >= size) into[0] = 0;
}

static int below(const char *path) { return strncmp(path, root, strlen(root)) == 0; }
static int writes(unsigned long flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0; }

/* Does this call count, and on what? */
static int concerns(pid_t pid, const struct call *call, const unsigned long long *a, char *path, size_t size) {
  char second[PATH_MAX] = "";
  switch (call->kind) {
    case FD: case READ_FD: path_of_fd(pid, (long)a[0], path, size); break;
    case PATH: case READ_PATH: path_at(pid, AT_FDCWD, a[0], path, size); break;
    case PATH_AT: case READ_AT: path_at(pid, (long)a[0], a[1], path, size); break;
    case OPEN: if (!reads && !writes(a[1])) return 0; path_at(pid, AT_FDCWD, a[0], path, size); break;
    case OPENAT: if (!reads && !writes(a[2])) return 0; path_at(pid, (long)a[0], a[1], path, size); break;
    case SYMLINK: path_at(pid, AT_FDCWD, a[1], path, size); break;
    case SYMLINK_AT: path_at(pid, (long)a[1], a[2], path, size); break;
    case TWO_PATHS: path_at(pid, AT_FDCWD, a[0], path, size); path_at(pid, AT_FDCWD, a[1], second, sizeof second); break;
    case TWO_AT: path_at(pid, (long)a[0], a[1], path, size); path_at(pid, (long)a[2], a[3], second, sizeof second); break;
  }
  return below(path) || below(second);
}

/* The call is not made; its result is `value`. */
static void prevent(pid_t pid, long value) {
#if defined(__x86_64__)
  struct user_regs_struct regs;
  if (ptrace(PTRACE_GETREGS, pid, 0, &regs) != 0) die("getregs");
  regs.orig_rax = (unsigned long long)-1;
  regs.rax = (unsigned long long)value;
  if (ptrace(PTRACE_SETREGS, pid, 0, &regs) != 0) die("setregs");
#elif defined(__aarch64__)
  int none = -1;
  struct iovec number = { &none, sizeof none };
  struct user_regs_struct regs;
  struct iovec all = { &regs, sizeof regs };
  if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number) != 0) die("set system call");
  if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) != 0) die("getregs");
  regs.regs[0] = (unsigned long long)value;
  if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) != 0) die("setregs");
#else
#error "only x86_64 and aarch64"
#endif
  prevented++;
}

static int is_skipped(pid_t pid, const struct call *call, long fd) {
  if (skip == NULL) return 0;
  if (strcmp(call->name, "syncfs") == 0) return strstr(skip, "syncfs") != NULL;
  if (strcmp(call->name, "fsync") != 0 && strcmp(call->name, "fdatasync") != 0) return 0;
  char link[64];
  struct stat stat_of;
  snprintf(link, sizeof link, "/proc/%d/fd/%d", pid, (int)fd);
  if (stat(link, &stat_of) != 0) return 0;
  return strstr(skip, S_ISDIR(stat_of.st_mode) ? "folders" : "files") != NULL;
}

static void remember(pid_t pid) {
  for (unsigned i = 0; i < COUNT(alive); i++) if (alive[i] == pid) return;
  for (unsigned i = 0; i < COUNT(alive); i++) if (alive[i] == 0) { alive[i] = pid; return; }
  errno = ENOMEM;
  die("too many processes");
}

static void forget(pid_t pid) {
  for (unsigned i = 0; i < COUNT(alive); i++) if (alive[i] == pid) alive[i] = 0;
}

/* Waited for, so that nobody acts on the device any more when we return. */
static void kill_all(void) {
  if (list != NULL) fclose(list);
  for (unsigned i = 0; i < COUNT(alive); i++) if (alive[i] != 0) kill(alive[i], SIGKILL);
  int status;
  for (;;) {
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) exit(137);
    if (WIFSTOPPED(status)) kill(pid, SIGKILL);
  }
}

static void at_call(pid_t pid) {
  struct ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) return; /* gone meanwhile */
  const struct call *call = find_call((long)info.seccomp.nr);
  char path[PATH_MAX] = "";
  if (call == NULL || !concerns(pid, call, (const unsigned long long *)info.seccomp.args, path, sizeof path)) return;
  if (is_skipped(pid, call, (long)info.seccomp.args[0])) return prevent(pid, 0);
  if (only != NULL) {
    char pattern[64];
    snprintf(pattern, sizeof pattern, ",%s,", call->name);
    char among[1024];
    snprintf(among, sizeof among, ",%s,", only);
    if (strstr(among, pattern) == NULL) return;
  }
  seen++;
  if (list != NULL) { fprintf(list, "%ld %s %s\n", seen, call->name, path + (below(path) ? strlen(root) : 0)); fflush(list); }
  if (at < 0 || seen < at || (times > 0 && seen >= at + times)) return;
  if (delay_us > 0) { usleep((useconds_t)delay_us); return; }
  if (fail_with > 0) return prevent(pid, -fail_with);
  kill_all();
}

static int follow(pid_t main_pid) {
  int status, code = 125;
  for (;;) {
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0) { if (errno == EINTR) continue; break; }
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      forget(pid);
      if (pid == main_pid) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    remember(pid);
    int signal = WSTOPSIG(status), event = status >> 16, deliver = 0;
    if (event == PTRACE_EVENT_SECCOMP) at_call(pid);
    else if (event == 0 && signal != SIGSTOP) deliver = signal;
    else if (event == PTRACE_EVENT_STOP && (signal == SIGSTOP || signal == SIGTSTP)) { ptrace(PTRACE_LISTEN, pid, 0, 0); continue; }
    ptrace(PTRACE_CONT, pid, 0, deliver);
  }
  return code;
}

int main(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "+r:n:e:d:t:o:l:s:R")) != -1) {
    switch (option) {
      case 'r': root = optarg; break;
      case 'n': at = atol(optarg); break;
      case 'e': fail_with = atol(optarg); break;
      case 'd': delay_us = atol(optarg); break;
      case 't': times = atol(optarg); break;   /* how many calls from the n-th on; 0: all */
      case 'o': only = optarg; break;          /* only these calls count: fsync,openat */
      case 'l': list = fopen(optarg, "w"); if (list == NULL) die(optarg); break;
      case 's': skip = optarg; break;          /* files,folders,syncfs: these return 0 and do nothing */
      case 'R': reads = 1; break;              /* reading calls count, too */
      default: fprintf(stderr, "usage: cut -r DIR [-n N] [-e ERRNO | -d MICROSECONDS] [-t TIMES] [-o CALLS] [-l LIST] [-s WHAT] [-R] COMMAND…\n"); return 125;
    }
  }
  if (root == NULL || optind >= argc) { errno = EINVAL; die("-r DIR and a command"); }
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    raise(SIGSTOP);
    install_filter();
    execvp(argv[optind], argv + optind);
    die(argv[optind]);
  }
  int status;
  long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (waitpid(pid, &status, WUNTRACED) != pid) die("wait");
  if (ptrace(PTRACE_SEIZE, pid, 0, options) != 0) die("seize");
  kill(pid, SIGCONT);
  int code = follow(pid);
  if (list != NULL) { fprintf(list, "end %ld prevented %d exit %d\n", seen, prevented, code); fclose(list); }
  return code;
}
