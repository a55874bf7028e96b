/** The part of the process that is used. */
export interface SignalledProcess {
  on(name: "SIGHUP", listener: () => void): unknown;
  emit(name: "SIGHUP", signal: "SIGHUP"): unknown;
}

/**
 * SIGHUP from the very start of the process: one that came before anybody listens would end it, and with it the game.
 * Those that come during the start are as one that comes at its end: what was read may be old by then. This file
 * imports nothing, so that it runs before all that takes time to load.
 */
export class HangUps {
  readonly #host: SignalledProcess;
  #isEarly = false;
  #listener: (() => void) | undefined;

  constructor(host: SignalledProcess) {
    this.#host = host;
    host.on("SIGHUP", () => {
      if (this.#listener === undefined) this.#isEarly = true;
      else this.#listener();
    });
  }

  /** From now on; call it once, at the end of the start, when all others who listen to SIGHUP do so. */
  handle(listener: () => void): void {
    this.#listener = listener;
    if (this.#isEarly) this.#host.emit("SIGHUP", "SIGHUP");
  }
}
