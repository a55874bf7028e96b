import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "@sortie/transport-mmsg";
import { connect, createServer, type Peer } from "sortie";
import { describe, expect, it } from "vitest";
import { hasIpv6 } from "../support/has-ipv6.js";
import { IDENTITY } from "../support/udp-game.js";

/** Whether this machine has sockets that can be told from which address to send. */
const isNative = (() => {
  try {
    createMmsgTransport();
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(isNative)("a server on all addresses of its machine", () => {
  it.each(hasIpv6() ? ["::", "0.0.0.0"] : ["0.0.0.0"])("can be reached at each of them, host %s", async (host) => {
    const server = createServer({
      protocol: "many/1",
      identity: IDENTITY,
      transport: createMmsgTransport({ host }),
    });
    server.on("message", (peer, { payload }) => peer.send(payload));
    const { port } = await server.listen();
    for (const address of ["127.0.0.1", "127.0.0.5", "127.77.1.2"]) {
      const client = await connect({
        host: address,
        port,
        transport: createMmsgTransport({ host: "0.0.0.0" }),
        protocol: "many/1",
        serverKey: IDENTITY.publicKey,
        signal: AbortSignal.timeout(30_000),
      });
      expect(client.address.host).toBe(address);
      // Who asks goes by its machine's routes, whatever they become.
      expect(client.address.arrivedAt).toBeUndefined();
      const answer = new Promise((resolve) => client.on("message", ({ payload }) => resolve(payload.length)));
      client.send("hello");
      expect(await answer).toBe(5);
      await client.close();
    }
    await server.close();
  });

  it("goes on answering from there, whoever sends under the client's address to another one", async () => {
    const transport = createMmsgTransport({ host: "0.0.0.0" });
    const server = createServer({
      protocol: "many/1",
      identity: IDENTITY,
      transport: createMmsgTransport({ host: "0.0.0.0" }),
    });
    server.on("message", (peer, { payload }) => peer.send(payload, { delivery: "reliable" }));
    const { port } = await server.listen();
    const joined = new Promise<Peer>((resolve) => server.once("connect", resolve));
    const trust = { protocol: "many/1", serverKey: IDENTITY.publicKey };
    const client = await connect({ host: "127.0.0.5", port, transport, ...trust });
    const forged = transport.acquireBatch()!;
    // As of an established connection, and not authentic.
    forged.buffer.fill(0x40, 0, 60);
    forged.commit(60, SocketAddress.parse("127.0.0.6", port));
    const before = server.stats.transport.datagramsReceived;
    transport.send(forged);
    while (server.stats.transport.datagramsReceived === before) await new Promise((resolve) => setImmediate(resolve));
    const peer = await joined;
    expect(peer.address.arrivedAt?.host).toBe("127.0.0.5");
    const heard = new Promise((resolve) => client.on("message", ({ payload }) => resolve(payload.length)));
    peer.send("from where you asked");
    expect(await heard).toBe(20);
    await client.close();
    await server.close();
  });
});
