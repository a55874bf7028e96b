/** ms. A second signal after this ends the process at once; sooner it is taken for the first one, sent twice. */
const IMPATIENT_AFTER_MS = 1_000;

/** The part of the process that is used. */
export interface StoppableProcess {
  on(name: "SIGINT" | "SIGTERM" | "disconnect", listener: () => void): unknown;
  exit(code?: number): unknown;
}

/**
 * Who wants the server to end, from the very start of the process: by a signal, or by being a parent process that is
 * gone. In a container the server is process 1, which Linux spares a signal that nobody listens to: told to stop, it
 * would start all the same. This file imports nothing, so that it runs before all that takes time to load.
 */
export class StopRequests {
  readonly #host: StoppableProcess;
  #stop: (() => void) | undefined;
  #stoppedAtMs: number = Infinity;

  constructor(host: StoppableProcess) {
    this.#host = host;
    for (const name of ["SIGINT", "SIGTERM"] as const) host.on(name, () => this.#onSignal());
    // A parent that ends after it has sent its signal is not impatient.
    host.on("disconnect", () => this.#onRequest());
  }

  /**
   * Resolves with the first request from now on, or after the duration in seconds (0: none). Call it once, as soon as
   * there may be players: until then a request ends the process at once, as nobody is there who should be told.
   *
   * A second signal, a second later at the earliest, ends the process at once: players may have been given minutes to
   * leave.
   */
  handle(durationS: number): Promise<void> {
    return new Promise((resolve) => {
      this.#stop = resolve;
      // The server keeps the process alive until then; after a signal nothing does.
      if (durationS > 0) setTimeout(resolve, durationS * 1_000).unref();
    });
  }

  #onSignal(): void {
    if (performance.now() - this.#stoppedAtMs > IMPATIENT_AFTER_MS) this.#host.exit(130);
    this.#stoppedAtMs = Math.min(this.#stoppedAtMs, performance.now());
    this.#onRequest();
  }

  #onRequest(): void {
    // With the status of a start that has failed, or with 0.
    if (this.#stop === undefined) this.#host.exit();
    else this.#stop();
  }
}
