// The load's side of the obvious TypeScript.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Session } from "./obvious-packets.mjs";

export async function openConnections(target, { connections }, onMessage) {
  const peers = [];
  for (let index = 0; index < connections; index++) {
    const socket = createSocket("udp4");
    socket.connect(target.port, "127.0.0.1");
    await once(socket, "connect");
    const session = new Session(false);
    peers.push({ socket, session });
    socket.send(session.seal(Uint8Array.of(1)));
    session.open((await once(socket, "message"))[0]);
    socket.on("message", (datagram) => {
      const payload = session.open(datagram);
      if (payload !== undefined) onMessage(index, payload);
    });
  }
  return {
    send: (index, payload) => peers[index].socket.send(peers[index].session.seal(payload)),
    ended: 0,
    close: async () => peers.forEach(({ socket }) => socket.close()),
  };
}
