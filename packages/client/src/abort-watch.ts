import type { AbortSignalLike } from "./options.js";

/** Those that wait for a signal, and the one listener that tells them all. */
interface Watch {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

/** Node warns of a leak where a signal has more than ten listeners, and a program may end all its clients by one. */
const watches = new WeakMap<AbortSignalLike, Watch>();

/** Calls back when the signal says stop, and at once where it has. What it gives ends that. */
export function watchAbort(signal: AbortSignalLike | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  // One that has said so tells nobody any more.
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const { callbacks, listener } = watches.get(signal) ?? begin(signal);
  callbacks.add(callback);
  return () => {
    if (!callbacks.delete(callback) || callbacks.size > 0) return;
    watches.delete(signal);
    signal.removeEventListener("abort", listener);
  };
}

function begin(signal: AbortSignalLike): Watch {
  const callbacks = new Set<() => void>();
  const watch: Watch = { callbacks, listener: () => tell(callbacks) };
  signal.addEventListener("abort", watch.listener);
  watches.set(signal, watch);
  return watch;
}

/** As with a listener for each: one that throws keeps nobody else from hearing it. */
function tell(callbacks: ReadonlySet<() => void>): void {
  const errors: unknown[] = [];
  for (const callback of callbacks) {
    try {
      callback();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
