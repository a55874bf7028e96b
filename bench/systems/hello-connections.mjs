// Not a system of its own: sends CLIENT_HELLOs without cookie and never goes on, to whatever listens. Each hello is
// one of a stock that was made before, so that making them does not cost more than answering them.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { ClientHandshake, parsePublicKey, protocolId } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";

const STOCK = 1024;
const RANDOM_AT = 13;
const RANDOM_BYTES = 32;
const PARAMETERS = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 25,
  maxDatagramBytes: 1452,
  maxMessageBytes: 1_048_576,
  receiveWindowBytes: 4_194_304,
};
/** What the loop is told of an answer: no time stamp. */
const ANSWER = new Uint8Array(8).fill(0xff);

export async function openConnections(target, { connections }, onMessage) {
  const stock = await makeStock(target.publicKeyPath);
  const sockets = [];
  for (let index = 0; index < connections; index++) {
    const socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
    // Waited for from before: with a lookup that answers at once the event comes inside bind.
    const listening = once(socket, "listening");
    socket.bind(0, `127.1.${index >> 8}.${index & 0xff}`);
    await listening;
    socket.on("message", () => onMessage(index, ANSWER));
    sockets.push(socket);
  }
  let next = 0;
  return {
    send: (index) => sockets[index].send(stock[next++ % STOCK], target.port, "127.0.0.1"),
    ended: 0,
    close: async () => sockets.forEach((socket) => socket.close()),
  };
}

/** Hellos that differ in their random: to a server each is another client. */
async function makeStock(publicKeyPath) {
  const crypto = createNodeProvider();
  const serverKey = await readFile(publicKeyPath, "utf8");
  const handshake = new ClientHandshake({
    crypto,
    protocolId: protocolId(crypto, "bench/1"),
    clientConnectionId: 1,
    parameters: PARAMETERS,
    trust: { kind: "pin", publicKey: parsePublicKey(serverKey) },
  });
  const hello = handshake.hello();
  return Array.from({ length: STOCK }, () => {
    const copy = Uint8Array.from(hello);
    copy.set(crypto.randomBytes(RANDOM_BYTES), RANDOM_AT);
    return copy;
  });
}
