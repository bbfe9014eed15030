// systemd's descriptor store as the keeper: PID 1 holds the port and the pipes while no bridge lives. One datagram per name, then a
// barrier: the bytes may only flow once they are safe. Must never leave a name of an old epoch in the store.
import type { KeptFiles, KeptName } from './kept-files.js';
import type { NativeExtras } from './system.js';

const BARRIER_TIMEOUT_MS = 5000;

export interface SystemdKeeper {
  keep(files: KeptFiles): void;
  forget(names: Iterable<KeptName>): void;
  ready(status: string): void;
  tell(status: string): void;
  /** Hands the unit's main process over; only the present main process may. */
  mainProcess(pid: number): void;
  stopping(): void;
}

export function systemdKeeper(native: NativeExtras, notifySocket: string): SystemdKeeper {
  const notify = (message: string, file?: number): void => { native.notify(notifySocket, message, file); };
  return {
    keep: (files) => {
      for (const [name, file] of files) {
        // A dead tty leaves the store by itself; a pipe must stay there, also with nobody at its other end.
        notify(`FDSTORE=1\nFDNAME=${name}${name === 'tty' ? '' : '\nFDPOLL=0'}`, file);
      }
      native.barrier(notifySocket, BARRIER_TIMEOUT_MS);
    },
    forget: (names) => { for (const name of names) notify(`FDSTOREREMOVE=1\nFDNAME=${name}`); },
    ready: (status) => { notify(`READY=1\nSTATUS=${status}`); },
    tell: (status) => { notify(`STATUS=${status}`); },
    mainProcess: (pid) => {
      notify(`MAINPID=${pid}`);
      native.barrier(notifySocket, BARRIER_TIMEOUT_MS);
    },
    stopping: () => { notify('STOPPING=1'); },
  };
}
