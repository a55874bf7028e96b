// The load's side of the bare echo: a connected socket for each connection.
import { createSocket } from "node:dgram";
import { once } from "node:events";

export async function openConnections(target, { connections }, onMessage) {
  const sockets = [];
  for (let index = 0; index < connections; index++) {
    const socket = createSocket("udp4");
    socket.connect(target.port, "127.0.0.1");
    await once(socket, "connect");
    sockets.push(socket);
  }
  // Each asks to be known, one after the other, and waits for the answer.
  for (const [index, socket] of sockets.entries()) {
    socket.send(Uint8Array.of(1));
    await once(socket, "message");
    socket.on("message", (payload) => onMessage(index, payload));
  }
  return {
    send: (index, payload) => sockets[index].send(payload),
    ended: 0,
    close: async () => sockets.forEach((socket) => socket.close()),
  };
}
