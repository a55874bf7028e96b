import { isMainThread } from "node:worker_threads";
import { type HostTimer, hostTimers } from "@sortie/transport-dgram/udp";
import type { Koffi, PollEvents, PollHandle } from "./koffi.js";

/** Those that watch in this thread. */
const watching = new Set<FdPoll>();
let closesAtExit = false;

/**
 * Closes all when the thread ends: an event that comes while Node takes a thread down would find no JavaScript to call,
 * and koffi ends the whole process then.
 */
function closeAtExit(): void {
  if (closesAtExit) return;
  closesAtExit = true;
  process.once("exit", () => {
    for (const poll of watching) poll.endWithThread();
  });
}

/**
 * Watches a descriptor in Node's event loop and calls back from `setImmediate`, in the same turn: koffi's callback
 * comes without Node's own frame, so that promises would not go on after it, and one that throws would stay stuck.
 */
export class FdPoll {
  readonly #handle: PollHandle;
  readonly #onReady: () => void;
  readonly #onThreadEnd: () => void;
  #watched: PollEvents;
  #ready: HostTimer | undefined = undefined;
  /** libuv stops a handle that it reports an error by. */
  #failed = false;
  #closed = false;

  /**
   * Watches for reading. `onReady` comes once for each turn in which there is something to do. `onThreadEnd` comes
   * where a worker thread ends before `close`, and closes the descriptor.
   */
  constructor(koffi: Koffi, fd: number, onReady: () => void, onThreadEnd: () => void) {
    this.#onReady = onReady;
    this.#onThreadEnd = onThreadEnd;
    this.#watched = { readable: true, writable: false };
    closeAtExit();
    this.#handle = koffi.node.poll(fd, this.#watched, this.#onEvent);
    watching.add(this);
  }

  /** Watches for writing too, or no longer. */
  watchWritable(writable: boolean): void {
    if (this.#closed || this.#watched.writable === writable) return;
    this.#watch({ readable: this.#watched.readable, writable });
  }

  /** Watches for reading, or not: a descriptor whose fault does not go away would keep the loop busy. */
  watchReadable(readable: boolean): void {
    if (this.#closed || this.#watched.readable === readable) return;
    this.#watch({ readable, writable: this.#watched.writable });
  }

  /** Lets the process end while this watches. */
  unref(): void {
    this.#handle.unref();
  }

  /** Stops for good: no call comes after it, and the descriptor may be closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    watching.delete(this);
    if (this.#ready !== undefined) hostTimers.clearImmediate(this.#ready);
    this.#handle.stop();
    this.#handle.close();
  }

  /**
   * As `close`. The system closes the descriptors of a process that ends, not those of a thread: its ports would be
   * taken for as long as the process lives.
   */
  endWithThread(): void {
    this.close();
    if (!isMainThread) this.#onThreadEnd();
  }

  #watch(events: PollEvents): void {
    this.#watched = events;
    if (events.readable || events.writable) this.#handle.start(events, this.#onEvent);
    else this.#handle.stop();
  }

  readonly #onEvent = (status: number): void => {
    if (status < 0) this.#failed = true;
    this.#ready ??= hostTimers.setImmediate(this.#onImmediate);
  };

  readonly #onImmediate = (): void => {
    this.#ready = undefined;
    if (this.#closed) return;
    if (this.#failed) {
      this.#failed = false;
      this.#watch(this.#watched);
    }
    this.#onReady();
  };
}
