// What `run.mjs` and `cache.mjs` measure: a server and its clients that exchange datagrams in memory, in virtual
// time.
import { openSwarm } from "@sortie/client";
import { createCrypto } from "../systems/sortie-parts.mjs";
import { MemoryLink, SteppedClock } from "./memory-link.mjs";
import { startMemoryServer } from "./memory-server.mjs";

/** Times in a frame that datagrams are handed over. */
const STEPS = 4;

/** peers, tickRate (0: event-driven), messages of each peer a second, bytes in; what goes out. */
export const SHAPES = {
  P1: { peers: 64, tickRate: 0, inFlight: 1, bytes: 64, echo: true },
  P2: { peers: 1, tickRate: 0, inFlight: 64, bytes: 64, echo: true },
  P3a: { peers: 128, tickRate: 60, perSecond: 32, bytes: 64, echo: true },
  P3b: { peers: 128, tickRate: 60, perSecond: 32, bytes: 64, tickBytes: 200 },
  P4: { peers: 2000, tickRate: 30, perSecond: 30, bytes: 64, tickBytes: 256 },
  P8: { peers: 1000, tickRate: 20, perSecond: 0, bytes: 64, broadcastBytes: 200 },
};

/** One workload, frame by frame. */
export class CoreRun {
  link;
  /** Frames in a second. */
  frameRate;
  /** Messages that the server received, and sent, in the last frame. */
  received = 0;
  sent = 0;
  #shape;
  #options;
  #clients;
  #payload;
  #owed = 0;
  #next = 0;

  /**
   * Connects all peers of a shape, and lets them come to rest.
   * @param settings crypto and delivery by name; unit: see `MemoryLink`; around: what calls the server's work
   */
  static async open(shape, { crypto: cryptoName, delivery, unit, around }) {
    const run = new CoreRun();
    const clock = new SteppedClock();
    const link = new MemoryLink(clock, unit, around);
    const crypto = await createCrypto(cryptoName);
    const options = { delivery };
    const payload = new Uint8Array(shape.bytes);
    const { server, clientOptions } = await startMemoryServer(link, clock, crypto, { tickRate: shape.tickRate });
    server.on("message", (peer, { payload }) => {
      run.received += 1;
      if (shape.echo) peer.send(payload, options);
    });
    const state = new Uint8Array(shape.tickBytes ?? shape.broadcastBytes ?? 0).fill(0xff);
    server.on("tick", () => {
      if (shape.broadcastBytes !== undefined) run.sent += server.broadcast(state, options);
      if (shape.tickBytes === undefined) return;
      for (const peer of server.peers.values()) run.sent += peer.send(state, options).accepted ? 1 : 0;
    });
    let open = 0;
    const swarm = await openSwarm(clientOptions, {
      onConnect: () => (open += 1),
      onMessage(client) {
        if (shape.inFlight !== undefined) client.send(payload, options);
      },
    });
    const clients = Array.from({ length: shape.peers }, () => swarm.add());
    while (open < shape.peers) {
      link.step(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 200; i++) link.step(1);
    for (let i = 0; i < (shape.inFlight ?? 0); i++) for (const client of clients) client.send(payload, options);
    run.link = link;
    run.frameRate = shape.tickRate || 60;
    run.#shape = shape;
    run.#options = options;
    run.#clients = clients;
    run.#payload = payload;
    return run;
  }

  /** Plays a frame. Returns its messages: in or out, whichever are more. */
  frame() {
    const frameMs = 1000 / this.frameRate;
    const clients = this.#clients;
    this.link.resetFigures();
    this.received = 0;
    this.sent = 0;
    for (let step = 0; step < STEPS; step++) {
      this.#owed += ((this.#shape.perSecond ?? 0) * clients.length * frameMs) / 1000 / STEPS;
      for (; this.#owed >= 1; this.#owed--) clients[this.#next++ % clients.length].send(this.#payload, this.#options);
      this.link.step(frameMs / STEPS);
    }
    return Math.max(this.received, this.sent);
  }
}
