import { createSocket } from "node:dgram";
import { once } from "node:events";
import { runLoad } from "./load.mjs";

const [port, clients] = [Number(process.argv[2]), Number(process.argv[4])];
await runLoad(clients, async (onEcho) => {
  const socket = createSocket("udp4");
  socket.on("message", onEcho);
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  return (payload) => socket.send(payload);
});
