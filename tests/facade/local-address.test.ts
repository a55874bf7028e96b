import { createMmsgTransport } from "@sortie/transport-mmsg";
import { connect, createServer } from "sortie";
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
        signal: AbortSignal.timeout(5000),
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
});
