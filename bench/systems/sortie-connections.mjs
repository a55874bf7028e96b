// The load's side of Sortie: with the native parts where they are, whatever the server has, since the load must not
// set the pace. Many clients share a socket.
import { readFile } from "node:fs/promises";
import { openSwarm } from "@sortie/client";
import { createCrypto, createTransport, IDLE_TIMEOUT_MS, whyNotFast } from "./sortie-parts.mjs";

/** Handshakes under way at once on each socket. */
const CONNECTING_AT_ONCE = 32;
/** ms. Thousands of clients that come at once wait for each other. */
const TIMEOUT_MS = 30_000;

/** Opens `count` connections; `onMessage(index, payload)` hears what comes. */
export async function openConnections(target, { connections, sockets, delivery, protocolOptions }, onMessage) {
  const serverKey = await readFile(target.publicKeyPath, "utf8");
  const isFast = (await whyNotFast()) === undefined;
  const swarms = [];
  const clients = new Array(connections);
  let ended = 0;
  for (let i = 0; i < (connections > 0 ? Math.min(sockets, connections) : sockets); i++) {
    const swarm = await LoadSwarm.open({
      host: "127.0.0.1",
      port: target.port,
      protocol: "bench/1",
      serverKey,
      timeoutMs: TIMEOUT_MS,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      ...protocolOptions,
      crypto: await createCrypto(isFast ? "fast" : "pure"),
      transport: await createTransport(isFast ? "mmsg" : "dgram", { host: "127.0.0.1", batches: 64 }),
      onMessage,
      onEnd: () => (ended += 1),
    });
    swarms.push(swarm);
    const indices = [];
    for (let index = i; index < connections; index += sockets) indices.push(index);
    for (let at = 0; at < indices.length; at += CONNECTING_AT_ONCE) {
      const some = indices.slice(at, at + CONNECTING_AT_ONCE);
      await Promise.all(some.map(async (index) => (clients[index] = await swarm.connect(index))));
    }
  }
  const options = { delivery };
  let turn = 0;
  return {
    send: (index, payload) => void clients[index].send(payload, options),
    /** One more client: connects, and leaves when it is accepted. */
    async comeAndGo() {
      (await swarms[turn++ % swarms.length].connect(undefined)).close();
    },
    get ended() {
      return ended;
    },
    /** All clients get another address. */
    move: () => Promise.all(swarms.map((swarm) => swarm.move())),
    // One after the other: ten thousand farewells at once overflow the server's socket, and are taken for silence.
    async close() {
      for (const swarm of swarms) await swarm.close();
    },
  };
}

/** A swarm whose clients have an index in the load, and a promise for their connecting. */
class LoadSwarm {
  #swarm;
  #transport;
  #indices = new Map();
  #waiting = new Map();

  static async open({ onMessage, onEnd, ...options }) {
    const load = new LoadSwarm();
    load.#transport = options.transport;
    load.#swarm = await openSwarm(options, {
      onConnect: (client) => load.#settle(client)?.resolve(client),
      onFailure: (client, error) => load.#settle(client)?.reject(error),
      onMessage: (client, message) => onMessage(load.#indices.get(client), message.payload),
      onDisconnect(client) {
        load.#indices.delete(client);
        onEnd();
      },
      onError(error) {
        throw error;
      },
    });
    return load;
  }

  connect(index) {
    const client = this.#swarm.add();
    this.#indices.set(client, index);
    return new Promise((resolve, reject) => this.#waiting.set(client, { resolve, reject }));
  }

  /** Takes another port, for all clients. */
  move() {
    return this.#transport.rebind();
  }

  close() {
    return this.#swarm.close();
  }

  #settle(client) {
    const waiting = this.#waiting.get(client);
    this.#waiting.delete(client);
    return waiting;
  }
}
