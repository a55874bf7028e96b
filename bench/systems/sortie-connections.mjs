// The load's side of Sortie: with the native parts where they are, whatever the server has, since the load must not
// set the pace.
import { readFile } from "node:fs/promises";
import { createCrypto, createTransport, whyNotFast } from "./sortie-parts.mjs";
import { Swarm } from "./swarm.mjs";

/** Handshakes under way at once on each socket. */
const CONNECTING_AT_ONCE = 32;

/** Opens `count` connections; `onMessage(index, payload)` hears what comes. */
export async function openConnections(target, { connections, sockets, delivery, protocolOptions }, onMessage) {
  const serverKey = await readFile(target.publicKeyPath, "utf8");
  const isFast = (await whyNotFast()) === undefined;
  const swarms = [];
  const places = new Array(connections);
  for (let i = 0; i < (connections > 0 ? Math.min(sockets, connections) : sockets); i++) {
    const indices = [];
    const swarm = new Swarm({
      port: target.port,
      serverKey,
      protocolOptions,
      crypto: await createCrypto(isFast ? "fast" : "pure"),
      transport: await createTransport(isFast ? "mmsg" : "dgram", { host: "127.0.0.1", batches: 64 }),
      onMessage: (at, payload) => onMessage(indices[at], payload),
    });
    await swarm.open();
    swarms.push(swarm);
    for (let index = i; index < connections; index += sockets) {
      places[index] = { swarm, at: indices.length };
      indices.push(index);
    }
  }
  for (const swarm of swarms) {
    const { length } = places.filter((place) => place.swarm === swarm);
    for (let at = 0; at < length; at += CONNECTING_AT_ONCE) {
      const some = Array.from({ length: Math.min(CONNECTING_AT_ONCE, length - at) }, () => swarm.connect());
      await Promise.all(some);
    }
  }
  const options = { delivery };
  let turn = 0;
  return {
    send(index, payload) {
      const { swarm, at } = places[index];
      swarm.send(at, payload, options);
    },
    /** One more client: connects, and leaves when it is accepted. */
    async comeAndGo() {
      const swarm = swarms[turn++ % swarms.length];
      swarm.leave(await swarm.connect());
    },
    get ended() {
      return swarms.reduce((sum, swarm) => sum + swarm.ended, 0);
    },
    close: () => Promise.all(swarms.map((swarm) => swarm.close())),
  };
}
