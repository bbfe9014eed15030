// The predecessor's side of a warm upgrade. The successor boots beside us; when it asks, we say GO, stop between two transfers, let go of
// the lock and end. Dying anywhere in between leaves the keeper to start a bridge from the kept descriptors.
import type { LineLock } from './line-lock.js';
import type { KeptFiles, KeptName } from './kept-files.js';
import type { Session } from './session.js';
import type { SystemdKeeper } from './systemd-keeper.js';

const SUCCESSOR_TIMEOUT_MS = 15_000;
/** GO leaves with the next turn of the loop; a peer that has died must not keep us. */
const LEAVE_MS = 200;

/** Who holds the descriptors, and what only that keeper can do. */
export interface Keeping {
  readonly kind: 'systemd' | 'shell' | 'none';
  readonly systemd: SystemdKeeper | undefined;
  /** Ends this process so that the keeper opens the port anew (shell only). */
  reopen(): void;
  /** Starts the program now installed, with the kept descriptors. Undefined where nothing can; returns how to stop it. `gone`: it has ended by itself. */
  readonly startSuccessor: ((files: KeptFiles, gone: () => void) => () => void) | undefined;
}

export interface UpgradeServices {
  readonly keeping: Keeping;
  readonly lock: LineLock;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  readonly exit: (code: number) => void;
}

export interface Retiring {
  /** No byte moves after it returns. */
  stop(): void;
  files(): Map<KeptName, number>;
  /** Tells the clients to connect again. */
  leave(): void;
}

export class Upgrade {
  readonly #services: UpgradeServices;
  readonly #retiring: Retiring;
  #pending: { readonly asker: Session; readonly timer: NodeJS.Timeout; readonly cancel: () => void } | undefined;

  constructor(services: UpgradeServices, retiring: Retiring) {
    this.#services = services;
    this.#retiring = retiring;
  }

  request(asker: Session): void {
    const { keeping, log } = this.#services;
    if (this.#pending !== undefined) { asker.fail('upgrade-failed', 'an upgrade is under way already'); return; }
    if (keeping.startSuccessor === undefined) { asker.fail('upgrade-failed', 'this bridge has no keeper: restart it instead'); return; }
    log('info', 'upgrading: starting a successor');
    const cancel = keeping.startSuccessor(this.#retiring.files(), () => { this.#giveUp('the successor ended before it could take the line'); });
    const timer = setTimeout(() => { this.#giveUp(`no successor came within ${SUCCESSOR_TIMEOUT_MS / 1000} s`); }, SUCCESSOR_TIMEOUT_MS);
    this.#pending = { asker, timer, cancel };
  }

  #giveUp(why: string): void {
    if (this.#pending === undefined) return;
    const { asker, timer, cancel } = this.#pending;
    this.#pending = undefined;
    clearTimeout(timer);
    cancel();
    this.#services.log('warn', `the upgrade failed: ${why}; this bridge goes on`);
    asker.fail('upgrade-failed', `${why}; the old bridge goes on`);
  }

  handOver(successor: Session, pid: number): boolean {
    const { keeping, lock, log, exit } = this.#services;
    if (this.#pending === undefined) return false;
    const { asker, timer } = this.#pending;
    this.#pending = undefined;
    clearTimeout(timer);
    keeping.systemd?.mainProcess(pid);
    // First the word, then the lock: the successor wakes up while we stop, and waits for the lock.
    successor.send({ type: 'go' }, () => { setImmediate(() => { exit(0); }); });
    this.#retiring.stop();
    lock.release();
    asker.send({ type: 'done' });
    log('info', `handed the line over to process ${pid}`);
    this.#retiring.leave();
    setTimeout(() => { exit(0); }, LEAVE_MS);
    return true;
  }
}
