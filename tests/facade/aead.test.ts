import { describe, expect, it } from "vitest";
import { createClient } from "sortie";
import { echo, UdpGame } from "../support/udp-game.js";

const CHOICES = ["auto", "libsodium-wasm", "openssl-koffi", "sodium-native", "node:crypto", "noble"] as const;

describe("libraries that encrypt", () => {
  it.each(CHOICES)("a server with %s serves clients with each of them, small and large, over UDP", async (aead) => {
    const game = await UdpGame.listening({ aead });
    for (const choice of CHOICES) {
      const client = await game.connect({ aead: choice });
      expect(await echo(client, "hello")).toBe("hello");
      expect(await echo(client, "x".repeat(20_000))).toHaveLength(20_000);
    }
    const named = aead === "auto" ? "openssl-koffi" : aead;
    expect(game.server.stats.crypto).toContain(named);
    expect(game.server.stats.drops["authentication-failed"]).toBe(0);
    await game.end();
  });

  it("a polling client takes one as well", async () => {
    const game = await UdpGame.listening();
    const client = createClient(game.clientOptions({ aead: "sodium-native" }));
    const startMs = performance.now();
    while (client.state === "connecting" && performance.now() - startMs < 15_000) {
      client.update(performance.now());
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.state).toBe("connected");
    client.close();
    await game.end();
  });
});
