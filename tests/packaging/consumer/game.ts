// Type-checked only: the calls that a game makes, written as a user of the published packages writes them.
import { connect, createServer, loadIdentity } from "sortie";

export async function serve(): Promise<void> {
  const identity = await loadIdentity("root.key");
  const server = createServer({ protocol: "arena/1", identity, port: 1474, tickRate: 60 });
  server.on("connect", (peer) => {
    server.broadcast("hello", { delivery: "reliable", except: peer });
  });
  server.on("message", (peer, message) => {
    peer.send(message.payload, { delivery: "sequenced", channel: message.channel });
  });
  await server.listen();
  await server.close({ drainMs: 2_000 });
}

export async function play(serverKey: string): Promise<void> {
  const client = await connect({ host: "127.0.0.1", port: 1474, protocol: "arena/1", serverKey });
  client.on("message", (message) => {
    const payload: Uint8Array = message.payload;
    const memory: ArrayBuffer = payload === message.payload ? message.payload.buffer : new ArrayBuffer(0);
    if (memory.byteLength === 0) return;
    client.send(payload);
  });
  await client.close();
}
