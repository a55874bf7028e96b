import { createHash } from "node:crypto";
import { connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { createNodeProvider, generateIdentity } from "@sortie/handshake/node";
import { Server } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { UdpProxy } from "../support/udp-proxy.js";
import { createUdpTransport } from "../support/udp-transport.js";

const SEED = 20_261_122;
const MEBIBYTE = 1024 * 1024;
const LINK = { latencyMs: 10, jitterMs: 2, loss: 0.05, reorder: 0.1, reorderDelayMs: 5 };
const LIMITS = { maxMessageBytes: 8 * MEBIBYTE, receiveWindowBytes: 16 * MEBIBYTE };

function bigMessage(): Uint8Array {
  const bytes = new Uint8Array(5 * MEBIBYTE);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16)) & 0xff;
  return bytes;
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe(`a message of 5 MiB at 5 % loss and 10 % reordering (seed ${SEED})`, () => {
  it("arrives intact over the memory network", async () => {
    const provider = createNodeProvider();
    const identity = generateIdentity();
    const game = new GameNetwork({ seed: SEED, link: LINK, server: { ...LIMITS, crypto: provider, identity } });
    const arrived: Uint8Array[] = [];
    game.server.on("message", (_peer, message) => arrived.push(message.payload));
    await game.listen();
    const client = await game.connect({ ...LIMITS, crypto: provider, serverKey: identity.publicKey });
    const message = bigMessage();
    const receipt = client.send(message, { delivery: "ordered" });
    expect(receipt.accepted).toBe(true);
    for (let second = 0; second < 60 && arrived.length === 0; second++) await game.run(1000);
    expect(arrived).toHaveLength(1);
    expect(digest(arrived[0] as Uint8Array)).toBe(digest(message));
    await game.run(1000);
    expect(await receipt.outcome).toBe("acked");
    await game.end();
  });

  it("arrives intact over real UDP through the simulator", async () => {
    const crypto = createNodeProvider();
    const identity = identityOf(crypto.generateKeyPair());
    const transport = createUdpTransport({ host: "127.0.0.1" });
    const server = new Server({ protocol: "big/1", identity, crypto, transport, ...LIMITS });
    const { port } = await server.listen();
    const proxy = new UdpProxy(SocketAddress.parse("127.0.0.1", port), LINK, SEED);
    const proxyAddress = await proxy.listen();
    const arrived = new Promise<Uint8Array>((resolve) => {
      server.on("message", (_peer, message) => resolve(message.payload));
    });
    const client = await connect({
      host: "127.0.0.1",
      port: proxyAddress.port,
      protocol: "big/1",
      serverKey: identity.publicKey,
      crypto,
      transport: createUdpTransport({}),
      ...LIMITS,
    });
    const message = bigMessage();
    const receipt = client.send(message, { delivery: "ordered" });
    expect(digest(await arrived)).toBe(digest(message));
    expect(await receipt.outcome).toBe("acked");
    expect(client.stats.endpoint.packetsLost).toBeGreaterThan(0);
    await client.close();
    await server.close();
    await proxy.close();
  }, 180_000);
});
