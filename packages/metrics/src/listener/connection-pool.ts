import type { Socket } from "node:net";

/** Open TCP connections; a browser takes six, a scraper one. A further one takes the place of another. */
const MAX_CONNECTIONS = 64;

/**
 * The connections of a listener. When there are too many, the one is ended that has been without a new request for the
 * longest: those that came and do nothing, or read nothing, could else keep a health check out until their time is up,
 * and come again.
 */
export class ConnectionPool {
  /** A Set keeps the order in which they came: the one that was used last is the last. */
  readonly #sockets: Set<Socket> = new Set();
  #isUnref = false;

  /** A connection has come. */
  add(socket: Socket): void {
    for (const oldest of this.#sockets) {
      if (this.#sockets.size < MAX_CONNECTIONS) break;
      this.#sockets.delete(oldest);
      oldest.destroy();
    }
    this.#sockets.add(socket);
    if (this.#isUnref) socket.unref();
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** From now on none of them keeps the process alive. */
  unref(): void {
    this.#isUnref = true;
    for (const socket of this.#sockets) socket.unref();
  }

  /** A request has come on it. */
  use(socket: Socket): void {
    if (this.#sockets.delete(socket)) this.#sockets.add(socket);
  }
}
