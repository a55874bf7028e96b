// Sends one kind of hostile datagram as fast as asked, from many addresses of 127.0.0.0/8.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { ClientHandshake, parsePublicKey, protocolId } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";

const [kind, port] = [process.argv[2], Number(process.argv[3])];
const serverKey = await readFile(process.argv[4], "utf8");
const SOCKETS = 64;
const PER_MILLISECOND = 20;
const PARAMETERS = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 25,
  maxDatagramBytes: 1452,
  maxMessageBytes: 1_048_576,
  receiveWindowBytes: 4_194_304,
};

const crypto = createNodeProvider();
const base = handshake().hello();
let sent = 0;
let bytes = 0;
let repliedBytes = 0;

const attacks = { hellos: floodOf(hello), garbage: floodOf(garbage), cookies };
const timer = await attacks[kind]();
process.on("message", (request) => {
  if (request === "exit") process.exit(0);
  clearInterval(timer);
  // What is on its way still counts.
  setTimeout(() => process.send({ sent, bytes, repliedBytes }), 300);
});
process.send({ ready: true });

/** A hello of its own random; the server must not keep anything of it. */
function handshake() {
  return new ClientHandshake({
    crypto,
    protocolId: protocolId(crypto, "hostile/1"),
    clientConnectionId: Math.floor(Math.random() * 2 ** 32),
    parameters: PARAMETERS,
    trust: { kind: "pin", publicKey: parsePublicKey(serverKey) },
  });
}

function hello() {
  const datagram = Uint8Array.from(base);
  crypto.randomBytes(32).forEach((byte, i) => (datagram[13 + i] = byte));
  return datagram;
}

function garbage() {
  return crypto.randomBytes(1 + Math.floor(Math.random() * 1400));
}

function floodOf(make) {
  return async () => {
    const sockets = await openSockets();
    return setInterval(() => {
      for (let i = 0; i < PER_MILLISECOND; i++) post(sockets[sent % SOCKETS], make());
    }, 1);
  };
}

/** Goes as far as the server's public-key work, and no further. */
async function cookies() {
  const sockets = await openSockets();
  const attempts = new Map();
  for (const socket of sockets) {
    socket.on("message", (datagram) => {
      const attempt = attempts.get(socket);
      if (attempt?.receive(datagram).kind === "retry") post(socket, attempt.hello());
    });
  }
  return setInterval(() => {
    const socket = sockets[Math.floor(Math.random() * SOCKETS)];
    const attempt = handshake();
    attempts.set(socket, attempt);
    post(socket, attempt.hello());
  }, 1);
}

async function openSockets() {
  const sockets = [];
  for (let i = 0; i < SOCKETS; i++) {
    const socket = createSocket({ type: "udp4", lookup: (host, _options, callback) => callback(null, host, 4) });
    // Waited for from before: with a lookup that answers at once the event comes inside bind.
    const listening = once(socket, "listening");
    socket.bind(0, `127.1.${i}.1`);
    await listening;
    socket.on("message", (datagram) => (repliedBytes += datagram.length));
    sockets.push(socket);
  }
  return sockets;
}

function post(socket, datagram) {
  sent += 1;
  bytes += datagram.length;
  socket.send(datagram, port, "127.0.0.1");
}
