import { SocketAddress } from "@sortie/transport";
import { createNetwork, type MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { ForwardLink } from "../src/forward-link.js";
import { ForwardingCounters } from "../src/forwarding-statistics.js";

const CLIENT = SocketAddress.parse("192.0.2.7", 5000);

/** A protected packet of 30 bytes for a worker of two, with a number. */
function packetOf(worker: number, number = 0): Uint8Array {
  return Uint8Array.from({ length: 30 }, (_, i) => (i === 0 ? 0x40 : i === 1 ? worker << 7 : i === 29 ? number : 0));
}

/** Two links and what each of them got. */
async function linked(batches = 2) {
  const network = createNetwork({ seed: 1 });
  const heard: { numbers: number[]; from: string }[] = [];
  const counters = [new ForwardingCounters(), new ForwardingCounters()] as const;
  const transports = counters.map(() => network.createTransport({ host: "127.0.0.1", batches, batchCapacity: 4 }));
  const links = counters.map((own, worker) => {
    heard.push({ numbers: [], from: "" });
    return new ForwardLink({ transport: transports[worker] as MemoryTransport, worker, workers: 2, counters: own });
  }) as [ForwardLink, ForwardLink];
  const opening = links.map((link, worker) =>
    link.open({
      onForwarded: (datagram, from) => {
        heard[worker]?.numbers.push(datagram.at(-1) as number);
        (heard[worker] as { from: string }).from = from.toString();
      },
      onForwardedEnd: () => undefined,
      onLinkError: (error) => {
        throw error;
      },
    }),
  );
  const ports = await network.clock.runUntilSettled(Promise.all(opening));
  for (const link of links) link.setPorts(ports);
  return { network, clock: network.clock, links, heard, counters, ports, transports };
}

describe("ForwardLink", () => {
  it("carries datagrams with their source, in order, batch after batch", async () => {
    const { links, heard, counters, clock } = await linked();
    for (let number = 0; number < 10; number++) expect(links[0].forward(1, packetOf(1, number), CLIENT)).toBe(true);
    links[0].flush();
    await clock.run(1);
    expect(heard[1]).toEqual({ numbers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], from: "192.0.2.7:5000" });
    expect(counters[0]).toMatchObject({ forwarded: 10, forwardedBytes: 300, dropped: 0 });
    expect(counters[1]).toMatchObject({ received: 10, lost: 0, refused: 0 });
  });

  it("takes nothing for a worker that is not there", async () => {
    const { links, counters, ports } = await linked();
    links[0].setPorts([ports[0] as number, 0]);
    expect(links[0].forward(1, packetOf(1), CLIENT)).toBe(false);
    expect(links[0].forward(3, packetOf(1), CLIENT)).toBe(false);
    expect(counters[0].forwarded).toBe(0);
  });

  it("drops and counts when no batch is free", async () => {
    const { links, heard, counters, clock, transports } = await linked(1);
    const taken = transports[0]?.acquireBatch();
    expect(links[0].forward(1, packetOf(1, 1), CLIENT)).toBe(true);
    links[0].flush();
    taken?.release();
    expect(links[0].forward(1, packetOf(1, 2), CLIENT)).toBe(true);
    links[0].flush();
    await clock.run(1);
    expect(heard[1]?.numbers).toEqual([2]);
    expect(counters[0]).toMatchObject({ forwarded: 1, dropped: 1 });
    expect(counters[1]).toMatchObject({ received: 1, lost: 0 });
  });

  it("counts what was lost between two that came, and starts anew with another process", async () => {
    const { links, heard, counters, clock, network, ports } = await linked();
    const send = async (number: number): Promise<void> => {
      links[0].forward(1, packetOf(1, number), CLIENT);
      links[0].flush();
      await clock.run(1);
    };
    await send(0);
    network.setLink("127.0.0.1", "127.0.0.1", { loss: 1 });
    for (const number of [1, 2, 3]) await send(number);
    network.setLink("127.0.0.1", "127.0.0.1", {});
    await send(4);
    expect(heard[1]?.numbers).toEqual([0, 4]);
    expect(counters[1]).toMatchObject({ received: 2, lost: 3 });
    // The sender hears of another process at this port, and of the old one again.
    links[0].setPorts([ports[0] as number, 1]);
    links[0].setPorts(ports);
    links[1].setPorts([1, ports[1] as number]);
    links[1].setPorts(ports);
    await send(5);
    expect(counters[1]).toMatchObject({ received: 3, lost: 3 });
  });

  it("knows a worker at the port of another one that has gone", async () => {
    const network = createNetwork({ seed: 1 });
    const { clock } = network;
    const [transport, from] = [
      network.createTransport({ host: "127.0.0.1" }),
      network.createTransport({ host: "127.0.0.1" }),
    ];
    const counters = new ForwardingCounters();
    const to = new ForwardLink({ transport, worker: 2, workers: 3, counters });
    const sender = new ForwardLink({ transport: from, worker: 0, workers: 3, counters: new ForwardingCounters() });
    const user = { onForwarded: () => undefined, onForwardedEnd: () => undefined, onLinkError: () => undefined };
    const port = await clock.runUntilSettled(to.open(user));
    const reused = await clock.runUntilSettled(sender.open(user));
    to.setPorts([9, reused, 0]);
    to.setPorts([reused, 0, 0]);
    sender.setPorts([0, 0, port]);
    // For worker 2 of three: two bits.
    const packet = Uint8Array.from({ length: 30 }, (_, i) => (i === 0 ? 0x40 : i === 1 ? 0x80 : 0));
    expect(sender.forward(2, packet, CLIENT)).toBe(true);
    sender.flush();
    await clock.run(1);
    expect(counters).toMatchObject({ received: 1, refused: 0 });
  });

  it("refuses what comes from no worker, what is nothing, and what is for another worker", async () => {
    const { links, heard, counters, clock, network, ports } = await linked();
    const stranger = network.createTransport({ host: "127.0.0.1" });
    const away = network.createTransport({ host: "10.0.0.9", port: ports[0] as number });
    for (const transport of [stranger, away]) {
      await clock.runUntilSettled(transport.open({ onDatagram() {}, onBatchEnd() {}, onError() {}, onWritable() {} }));
      const link = new ForwardLink({ transport, worker: 0, workers: 2, counters: new ForwardingCounters() });
      link.setPorts(ports);
      link.forward(1, packetOf(1), CLIENT);
      link.flush();
    }
    links[0].forward(1, packetOf(0), CLIENT);
    links[0].forward(1, packetOf(1).subarray(0, 20), CLIENT);
    links[0].flush();
    await clock.run(1);
    expect(heard[1]?.numbers).toEqual([]);
    expect(counters[1]).toMatchObject({ received: 0, refused: 4 });
  });
});
