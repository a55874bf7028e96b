import { generateIdentity } from "@sortie/handshake/node";
import { SystemClock } from "@sortie/transport";
import { createNetwork, VirtualClock } from "@sortie/transport-memory";
import { describe, expect, it, vi } from "vitest";
import { connect } from "../src/connect.js";
import { createServer } from "../src/create-server.js";
import * as defaultCrypto from "../src/default-crypto.js";
import { choiceOf } from "../src/virtual-crypto.js";

const [protocol, host, port] = ["test/1", "10.0.0.1", 1474];

describe("the facade in virtual time", () => {
  it("waits for no library, which loads in real time", async () => {
    // WebAssembly that takes for ever, as 20 ms do on a clock that stands still.
    const loading = vi.spyOn(defaultCrypto, "loadedCrypto").mockReturnValue(new Promise(() => undefined));
    try {
      const network = createNetwork({ seed: 1, link: { latencyMs: 20 } });
      const { clock } = network;
      const common = { protocol, clock };
      const identity = generateIdentity();
      const server = createServer({ ...common, identity, transport: network.createTransport({ host, port }) });
      await clock.runUntilSettled(server.listen());
      const to = { ...common, host, port, serverKey: identity.publicKey };
      const clients = [
        await clock.runUntilSettled(connect({ ...to, transport: network.createTransport() })),
        await clock.runUntilSettled(connect({ ...to, transport: network.createTransport(), aead: "auto" })),
      ];
      expect(server.peers.size).toBe(2);
      await clock.runUntilSettled(Promise.all([...clients, server].map((side) => side.close())));
    } finally {
      loading.mockRestore();
    }
  });

  it("encrypts by what is there on every machine and from the start, unless something was chosen", () => {
    const clock = new VirtualClock();
    expect(choiceOf({ clock })).toEqual({ aead: "node:crypto" });
    expect(choiceOf({ clock, aead: "noble" }).aead).toBe("noble");
    for (const real of [{}, { clock: new SystemClock() }]) expect(choiceOf(real).aead).toBeUndefined();
  });
});
