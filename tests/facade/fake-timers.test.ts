import { createDgramTransport } from "@sortie/transport-dgram";
import { connect, createServer, createUdpTransport, generateIdentity } from "sortie";
import { afterEach, it, vi } from "vitest";

const identity = generateIdentity();
const { setTimeout: realSetTimeout } = globalThis;
const HOST = "127.0.0.1";

afterEach(() => void vi.useRealTimers());

it.each([
  ["createUdpTransport", createUdpTransport],
  ["createDgramTransport", createDgramTransport],
])("a game over %s goes on through a test's fake timers, and after them", async (_name, createTransport) => {
  const server = createServer({ protocol: "g", identity, transport: createTransport({ host: HOST }) });
  const { port } = await server.listen();
  server.on("message", (peer, { payload }) => void peer.send(payload, { delivery: "reliable" }));
  let ticks = 0;
  server.on("tick", () => void (ticks += 1));
  vi.useFakeTimers();
  const transport = createTransport({ host: HOST });
  const client = await connect({ protocol: "g", host: HOST, port, serverKey: identity.publicKey, transport });
  const echoed = (): Promise<void> =>
    new Promise((resolve) => {
      client.once("message", () => resolve());
      client.send("again", { delivery: "reliable" });
    });
  await echoed();
  await new Promise((resolve) => realSetTimeout(resolve, 40));
  vi.useRealTimers();
  await echoed();
  for (const before = ticks; ticks < before + 2;) await new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([client.close(), server.close()]);
});
