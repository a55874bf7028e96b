import type { Client } from "@sortie/client";
import type { DisconnectReason } from "@sortie/connection";
import type { Peer, Server } from "@sortie/server";
import { type BookResult, ReliableBook, settleAll } from "./reliable-book.js";

/** Notice of the server's application that it is about to end; a client answers when its last message was acked. */
const LAST_ORDERS = "last orders";
const DONE = "done";

/**
 * A server with ticks whose peers send reliably in both directions, and go on until they are told to stop: each tick
 * the server sends to every peer, and every message of the server's makes a client send one.
 */
export class BusyGame {
  readonly server: Server<unknown>;
  /** What the server sent and what came from it, by session. */
  readonly down: Map<string, ReliableBook> = new Map();
  readonly up: Map<string, ReliableBook> = new Map();
  /** What clients were told when they were closed. */
  readonly ends: DisconnectReason[] = [];
  readonly serverEnds: DisconnectReason[] = [];
  /** Messages that came back with a tick each; how many of `DONE` came. */
  #done = 0;
  #onDone: (() => void) | undefined;
  #isWarned = false;

  constructor(server: Server<unknown>) {
    this.server = server;
    server.on("tick", () => {
      if (!this.#isWarned) for (const peer of server.peers.values()) bookOf(this.down, peer).send(peer);
    });
    server.on("message", (peer, { payload }) => {
      if (bookOf(this.up, peer).receive(payload)) return;
      this.#done += 1;
      this.#onDone?.();
    });
    server.on("disconnect", (_peer, reason) => this.serverEnds.push(reason));
  }

  join(client: Client): void {
    const up = bookOf(this.up, client);
    const down = bookOf(this.down, client);
    let isStopping = false;
    client.on("message", ({ payload }) => {
      const isNotice = !down.receive(payload);
      if (!isStopping && client.isConnected) up.send(client);
      if (!isNotice) return;
      isStopping = true;
      void up.settled().then(() => client.send(DONE, { delivery: "reliable" }));
    });
    client.on("disconnect", (reason) => this.ends.push(reason));
  }

  /** As an application should: stops what it can stop, and gives everybody notice. */
  warn(): void {
    this.#isWarned = true;
    this.server.broadcast(LAST_ORDERS, { delivery: "reliable" });
  }

  /** Resolves when `clients` have answered to the notice. */
  done(clients: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onDone = () => {
        if (this.#done >= clients) resolve();
      };
      this.#onDone();
    });
  }

  /** Whether every connection has carried so many messages each way. */
  hasCarried(messages: number, clients: number): boolean {
    const enough = (books: Map<string, ReliableBook>): boolean =>
      books.size === clients && [...books.values()].every((book) => book.accepted >= messages);
    return enough(this.down) && enough(this.up);
  }

  async results(): Promise<{ readonly down: BookResult; readonly up: BookResult }> {
    return { down: await settleAll(this.down.values()), up: await settleAll(this.up.values()) };
  }
}

function bookOf(books: Map<string, ReliableBook>, { sessionId }: Client | Peer): ReliableBook {
  let book = books.get(sessionId);
  if (book === undefined) books.set(sessionId, (book = new ReliableBook()));
  return book;
}
