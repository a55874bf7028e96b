import { type Client, connect } from "@sortie/client";
import { identityOf } from "@sortie/handshake";
import { Server } from "@sortie/server";
import { createSeededCrypto } from "@sortie/testkit";
import { createNetwork } from "@sortie/transport-memory";
import { expect, it } from "vitest";

const FLOWS = 16;
const BYTES_PER_SECOND = 16_000;

it("many flows of bulk behind a long full queue do not take the path for dead and fill it more (seed 1)", async () => {
  const network = createNetwork({ seed: 1, link: { latencyMs: 20 } });
  const { clock } = network;
  const crypto = createSeededCrypto(1);
  const identity = identityOf(crypto.generateKeyPair());
  const common = { protocol: "test/1", crypto, clock, idleTimeoutMs: 60_000, mtu: 1200 };
  const transport = network.createTransport({ host: "10.0.0.1", port: 1474 });
  const server = new Server({ ...common, identity, transport });
  await clock.runUntilSettled(server.listen());
  const got = new Map<unknown, number>();
  server.on("message", (peer, { payload }) => got.set(peer, (got.get(peer) ?? 0) + payload.length));
  const clients: Client[] = [];
  for (let i = 0; i < FLOWS; i++) {
    const to = { host: "10.0.0.1", port: 1474, serverKey: identity.publicKey, transport: network.createTransport() };
    clients.push(await clock.runUntilSettled(connect({ ...common, ...to })));
  }
  for (const client of clients) {
    for (let i = 0; i < 400; i++) client.send(new Uint8Array(1000), { delivery: "reliable", channel: i % 4 });
  }
  transport.setReceiveLink({ bandwidthBytesPerSecond: BYTES_PER_SECOND, queueBytes: BYTES_PER_SECOND });
  await clock.run(5000);
  let offered = 0;
  network.tap((datagram, _from, to, verdict) => {
    if (verdict === "sent" && to.port === 1474) offered += datagram.length;
  });
  const before = [...got.values()].reduce((sum, bytes) => sum + bytes, 0);
  await clock.run(10_000);
  const arrived = [...got.values()].reduce((sum, bytes) => sum + bytes, 0) - before;
  expect(offered).toBeLessThan(10 * 5 * BYTES_PER_SECOND);
  expect(arrived).toBeGreaterThan(10 * 0.85 * BYTES_PER_SECOND);
  expect(got.size).toBe(FLOWS);
  for (const client of clients) client.close();
  server.close();
});
