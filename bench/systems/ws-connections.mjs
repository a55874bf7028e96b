// The load's side of the WebSocket baseline.
import { once } from "node:events";
import { WebSocket } from "ws";
import { PSK_CLIENT_OPTIONS } from "./ws-tls.mjs";

export async function openConnections(target, { connections }, onMessage) {
  const options = { perMessageDeflate: false, ...(target.tls ? PSK_CLIENT_OPTIONS : {}) };
  const sockets = [];
  for (let index = 0; index < connections; index++) {
    const socket = new WebSocket(`${target.tls ? "wss" : "ws"}://127.0.0.1:${target.port}`, options);
    await once(socket, "open");
    socket.on("message", (payload) => onMessage(index, payload));
    sockets.push(socket);
  }
  return {
    send: (index, payload) => sockets[index].send(payload),
    ended: 0,
    close: async () => sockets.forEach((socket) => socket.terminate()),
  };
}
