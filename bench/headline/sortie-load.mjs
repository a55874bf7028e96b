// 128 clients, 32 messages of 64 bytes per second each, every one echoed.
import { readFile } from "node:fs/promises";
import { connect } from "sortie";
import { runLoad } from "./load.mjs";

const [port, keyFile, clients] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const serverKey = await readFile(keyFile, "utf8");
await runLoad(clients, async (onEcho) => {
  const client = await connect({ host: "127.0.0.1", port, protocol: "bench/1", serverKey });
  client.on("message", (message) => onEcho(message.payload));
  return (payload) => client.send(payload);
});
