import type { ObservedServer } from "../observed-server.js";

/** ms between two looks. */
const LOOK_MS = 250;

/** Hears, a quarter of a second late at most, that a server has closed which has listened. Keeps no process alive. */
export class ServerEndWatch {
  readonly #server: Pick<ObservedServer, "address">;
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout | undefined;
  #hasListened = false;

  constructor(server: Pick<ObservedServer, "address">, onEnd: () => void) {
    this.#server = server;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#server.address !== undefined) this.#hasListened = true;
    else if (this.#hasListened) {
      this.stop();
      this.#onEnd();
    }
  }
}
