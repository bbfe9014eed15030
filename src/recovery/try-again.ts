// What a disk or the kernel refuses once must not keep an app from starting at boot, nor leave a device for a person: asked again at once, a few times.

const TRIES = 3;

/** @param isFinal errors that another try cannot change @throws the last error */
export function tryAgain<Result>(act: () => Result, isFinal: (thrown: unknown) => boolean = () => false): Result {
  for (let left = TRIES - 1; ; left -= 1) {
    try { return act(); } catch (thrown) {
      if (left <= 0 || isFinal(thrown)) throw thrown;
    }
  }
}
