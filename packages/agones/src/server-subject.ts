import type { Peer } from "@sortie/server";
import type { AgonesServer } from "./options.js";
import type { Subject, SubjectUser } from "./subject.js";

/** A server of this process: it tells by itself what happens. */
export class ServerSubject implements Subject {
  readonly #server: AgonesServer;
  #user: SubjectUser | undefined;

  constructor(server: AgonesServer) {
    this.#server = server;
  }

  get isOpen(): boolean {
    return this.#server.address !== undefined;
  }

  get isKnown(): boolean {
    return true;
  }

  get isDraining(): boolean {
    return this.#server.stats?.draining === true;
  }

  get peerCount(): number {
    return this.#server.peers.size;
  }

  get countedAtMs(): number {
    return Infinity;
  }

  peers(): Iterable<Peer<unknown>> {
    return this.#server.peers.values();
  }

  watch(user: SubjectUser): void {
    this.#user = user;
    this.#server.on("connect", this.#onConnect).on("disconnect", this.#onDisconnect).on("draining", this.#onDraining);
  }

  unwatch(): void {
    this.#user = undefined;
    this.#server
      .off("connect", this.#onConnect)
      .off("disconnect", this.#onDisconnect)
      .off("draining", this.#onDraining);
  }

  close(options?: { readonly drainMs: number }): Promise<void> {
    return this.#server.close(options);
  }

  readonly #onConnect = (): void => this.#user?.onConnect();
  readonly #onDisconnect = (): void => this.#user?.onDisconnect();
  readonly #onDraining = (event: { readonly leaveMs: number }): void => this.#user?.onDraining(event);
}
