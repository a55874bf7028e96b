import { createNodeProvider } from "@sortie/handshake/node";
import { type DatagramTransport, SocketAddress } from "@sortie/transport";
import { createNetwork, type MemoryNetwork } from "@sortie/transport-memory";
import { ByteWriter, decodeClientHelloInvariants, encodeReject, REJECT_BYTES, RejectReason } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { HelloPinger } from "../src/cli/ping/hello-ping.js";
import { MAX_WAITING } from "../src/cli/ping/pinger.js";
import { RoundTrips } from "../src/cli/round-trips.js";

const TARGET = "10.0.0.1";

function answer(server: DatagramTransport, hello: Uint8Array, to: SocketAddress): void {
  const invariants = decodeClientHelloInvariants(hello);
  if (typeof invariants === "string") throw new Error(invariants);
  const writer = new ByteWriter().reset(new Uint8Array(REJECT_BYTES));
  encodeReject(writer, { ...invariants, reason: RejectReason.ServerFull });
  const batch = server.acquireBatch();
  if (batch === undefined) throw new Error("no batch was free");
  batch.buffer.set(writer.bytes, batch.reserve());
  batch.commit(REJECT_BYTES, to);
  server.send(batch);
}

async function pingerOf(network: MemoryNetwork): Promise<HelloPinger> {
  const pinger = new HelloPinger({
    transport: network.createTransport(),
    crypto: createNodeProvider(),
    clock: network.clock,
    targets: [SocketAddress.parse(TARGET, 1474)],
    protocol: "arena/1",
    onAnswer: () => {},
  });
  await network.clock.runUntilSettled(pinger.open());
  return pinger;
}

describe("a run of sortie ping without end", () => {
  it("counts all round trips, and sums up the newest 100,000", () => {
    const roundTrips = new RoundTrips();
    for (let i = 0; i < 100_010; i++) roundTrips.add(i);
    expect(roundTrips.count).toBe(100_010);
    expect(roundTrips.summary()).toMatchObject({ min: 10, max: 100_009 });
  });

  it("takes the oldest hello for lost when too many have no answer", async () => {
    const network = createNetwork({ seed: 1 });
    const { clock } = network;
    const server = network.createTransport({ host: TARGET, port: 1474 });
    const hellos: (readonly [Uint8Array, SocketAddress])[] = [];
    const onDatagram = (hello: Uint8Array, from: SocketAddress): void => void hellos.push([hello.slice(), from]);
    await clock.runUntilSettled(
      server.open({ onDatagram, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} }),
    );
    const pinger = await pingerOf(network);
    for (let i = 0; i < MAX_WAITING + 1; i++) pinger.ping();
    await clock.run(1);
    expect(hellos).toHaveLength(MAX_WAITING + 1);
    for (const [hello, from] of hellos) answer(server, hello, from);
    await clock.run(1);
    expect(pinger).toMatchObject({ sent: MAX_WAITING + 1, answered: MAX_WAITING, strays: 1 });
    await pinger.allAnswered();
    await clock.runUntilSettled(pinger.close());
  });
});
