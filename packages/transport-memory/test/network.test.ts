import { SocketAddress, SystemClock } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import type { MemoryTransport } from "../src/memory-transport.js";
import { createNetwork } from "../src/network.js";
import type { LinkSpec } from "../src/link-spec.js";
import { VirtualClock } from "../src/virtual-clock.js";
import { expectBalance, pair } from "./pair.js";
import { marked, Recorder, send } from "./recorder.js";

describe("the links of a network", () => {
  it("delays by the path's latency, each direction by its own", async () => {
    const { network, a, b, atA, atB, addressA, addressB } = await pair({ link: { latencyMs: 20 } });
    network.setLink(b, a, { latencyMs: 70 });
    send(a, addressB, marked(1));
    send(b, addressA, marked(2));
    network.clock.advanceTo(19.9);
    expect(atB.received.length + atA.received.length).toBe(0);
    network.clock.advanceTo(100);
    expect(atB.received[0]?.atMs).toBe(20);
    expect(atA.received[0]?.atMs).toBe(70);
  });

  it("adds up uplink, path and downlink", async () => {
    const { network, a, atB, addressB } = await pair({ link: { latencyMs: 20 } }, { latencyMs: 3 }, { latencyMs: 5 });
    send(a, addressB, marked(1));
    network.clock.advanceTo(100);
    expect(atB.received[0]?.atMs).toBe(28);
    expect([a.sendLink?.statistics.passed, network.link(a, addressB).statistics.passed]).toEqual([1, 1]);
  });

  it("shares an uplink among all that its transport sends to", async () => {
    const { network, a, atA, atB, addressA, addressB } = await pair();
    a.setSendLink({ bandwidthBytesPerSecond: 100_000, queueBytes: 1e6 });
    for (let i = 0; i < 10; i++) {
      send(a, addressB, marked(i, 500));
      send(a, addressA, marked(i, 500));
    }
    network.clock.advanceTo(1000);
    expect(atB.received.map(({ atMs }) => Math.round(atMs))).toEqual([5, 15, 25, 35, 45, 55, 65, 75, 85, 95]);
    expect(Math.round(atA.received[9]?.atMs ?? 0)).toBe(100);
  });

  it("shares a downlink among all that send to its transport, in the order of arrival there", async () => {
    const network = createNetwork({ seed: 1 });
    const atServer = new Recorder(() => network.clock.now());
    const server = network.createTransport({ receiveLink: { bandwidthBytesPerSecond: 100_000, queueBytes: 1000 } });
    const to = await server.open(atServer);
    const clients = [1, 2, 3, 4].map(() => network.createTransport());
    for (const client of clients) await client.open(new Recorder());
    network.setLink(clients[0] as MemoryTransport, server, { latencyMs: 1 });
    clients.forEach((client, i) => send(client, to, marked(i, 500)));
    network.clock.advanceTo(100);
    // 1, 2 fill the queue at 0 ms; 3 finds it full; 0 comes at 1 ms, when it is still full.
    expect(atServer.marks).toEqual([1, 2]);
    expect(network.stats.dropped["queue-full"]).toBe(2);
    expect(server.receiveLink?.statistics.queueFull).toBe(2);
  });

  it("changes during a run: an outage, a step of the latency, an MTU that drops", async () => {
    const { network, a, atB, addressB } = await pair({ link: { latencyMs: 10 } });
    const changes: LinkSpec[] = [{ loss: 1 }, { latencyMs: 10 }, { latencyMs: 400 }, { latencyMs: 400, mtu: 99 }];
    send(a, addressB, marked(0));
    changes.forEach((link, i) => {
      network.clock.advanceBy(1000);
      network.setDefaultLink(link);
      send(a, addressB, marked(i + 1));
    });
    network.clock.advanceBy(1000);
    expect(atB.received.map(({ bytes, atMs }) => [bytes[0], atMs])).toEqual([
      [0, 10],
      [2, 2010],
      [3, 3400],
    ]);
    expect(network.stats.dropped).toMatchObject({ lost: 1, "too-big": 1 });
  });

  it("leaves a path that was set by itself alone when the default changes", async () => {
    const { network, a, b, atA, atB, addressA, addressB } = await pair();
    network.setLink(a, b, { latencyMs: 33 });
    network.setDefaultLink({ latencyMs: 50 });
    send(a, addressB, marked(1));
    send(b, addressA, marked(1));
    network.clock.advanceTo(100);
    expect([atB.received[0]?.atMs, atA.received[0]?.atMs]).toEqual([33, 50]);
  });

  it("takes hosts as text, transport or address, and refuses strangers", async () => {
    const { network, a, b, addressB } = await pair();
    const link = network.link(a, b);
    expect(network.link("10.0.0.1", addressB)).toBe(link);
    expect(network.link("::ffff:10.0.0.1", "10.0.0.2")).toBe(link);
    expect(network.link(b, a)).not.toBe(link);
    expect(() => network.link(a, "10.0.0.77")).toThrow(RangeError);
    expect(() => network.setLink("nobody", b, {})).toThrow(/"from" expected a host of the network, got "nobody"/);
  });

  it("shows the queue of a path", async () => {
    const { network, a, b, addressB } = await pair({ link: { bandwidthBytesPerSecond: 100_000 } });
    send(a, addressB, marked(1, 1000), marked(2, 1000));
    expect(network.link(a, b).queuedBytes(network.clock.now())).toBe(2000);
    expect(network.link(a, b).queueingDelayMs(5)).toBeCloseTo(15, 9);
  });

  it("refuses bad options when they are given, and changes nothing", async () => {
    expect(() => createNetwork({ seed: 1, link: { loss: 2 } })).toThrow(RangeError);
    const { network, a, b, atB, addressB } = await pair();
    expect(() => network.setLink(a, b, { loss: -1 })).toThrow(RangeError);
    expect(() => network.setDefaultLink({ loss: -1 })).toThrow(RangeError);
    expect(() => a.setSendLink({ loss: -1 })).toThrow(RangeError);
    send(a, addressB, marked(1));
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1]);
  });
});

describe("repeatability", () => {
  /** What arrives at b, as text: order, times and bytes. */
  async function outcome(seed: number, alsoOthers: boolean): Promise<string> {
    const { network, a, b, atB, addressA, addressB } = await pair({ seed, link: "hostile" });
    const other = network.createTransport({ link: "wifi" });
    await other.open(new Recorder());
    for (let i = 0; i < 300; i++) {
      send(a, addressB, marked(i & 255));
      if (alsoOthers) {
        send(b, addressA, marked(i & 255));
        send(other, addressA, marked(1), marked(2));
      }
      network.clock.advanceBy(16);
    }
    network.clock.advanceBy(10_000);
    expectBalance(network.stats);
    return JSON.stringify(atB.received.map(({ atMs, bytes }) => [atMs, [...bytes]]));
  }

  it("comes with the seed", async () => {
    expect(await outcome(5, false)).toBe(await outcome(5, false));
    expect(await outcome(5, false)).not.toBe(await outcome(6, false));
  });

  it("is not disturbed by traffic on other links", async () => {
    expect(await outcome(5, true)).toBe(await outcome(5, false));
  });

  it("gives the two directions of a path different fates", async () => {
    const { network, a, b, atA, atB, addressA, addressB } = await pair({ link: { loss: 0.5 } });
    for (let i = 0; i < 100; i++) {
      send(a, addressB, marked(i));
      send(b, addressA, marked(i));
      network.clock.advanceBy(1);
    }
    expect(atA.marks).not.toEqual(atB.marks);
  });
});

describe("statistics", () => {
  it("add up at every moment under all faults at once", async () => {
    const { network, a, b, atA, addressA, addressB } = await pair({ link: "hostile", maxInFlight: 120 }, "congested");
    network.setFilter((datagram) => datagram[0] !== 7);
    const nobody = SocketAddress.parse("10.0.0.200", 9);
    for (let i = 0; i < 2000; i++) {
      send(a, addressB, marked(i & 15, 1200), marked(1, 1300));
      send(b, addressA, marked(i & 15, 1200));
      if (i % 10 === 0) network.inject(marked(2), addressA, addressB);
      if (i % 100 === 0) send(a, nobody, marked(0));
      network.clock.advanceBy(7);
      if (i % 50 === 0) expectBalance(network.stats);
    }
    network.clock.advanceBy(10_000);
    const { stats } = network;
    expectBalance(stats);
    expect(stats.inFlight).toBe(0);
    for (const [cause, count] of Object.entries(stats.dropped)) expect([cause, count > 0]).toEqual([cause, true]);
    expect(stats.duplicated > 0 && stats.corrupted > 0 && stats.injected === 200).toBe(true);
    expect(stats.sent).toBe(a.statistics.datagramsSent + b.statistics.datagramsSent);
    expect(stats.sentBytes).toBe(a.statistics.bytesSent + b.statistics.bytesSent);
    expect(stats.delivered).toBe(a.statistics.datagramsReceived + b.statistics.datagramsReceived);
    expect(stats.deliveredBytes).toBe(a.statistics.bytesReceived + b.statistics.bytesReceived);
    expect(a.statistics.datagramsReceived).toBe(atA.received.length);
    expect(network.clock.pendingTimers).toBe(0);
  });

  it("are snapshots", async () => {
    const { network, a, addressB } = await pair();
    const before = network.stats;
    send(a, addressB, marked(1));
    expect(before.sent).toBe(0);
    expect(network.stats.sent).toBe(1);
  });
});

describe("duplicates and corruption over the network", () => {
  it("deliver every copy, each damaged on its own", async () => {
    const { network, a, atB, addressB } = await pair({ link: { duplicate: 1, corrupt: 0.5 } });
    for (let i = 0; i < 200; i++) send(a, addressB, new Uint8Array(60));
    network.clock.advanceBy(1);
    const damaged = atB.received.map(({ bytes }) => bytes.some((byte) => byte !== 0));
    expect(atB.received.length).toBe(400);
    expect(atB.received.every(({ bytes }) => bytes.length === 60)).toBe(true);
    expect(damaged.filter(Boolean).length).toBe(network.stats.corrupted);
    const pairs = Array.from({ length: 200 }, (_, i) => `${damaged[2 * i]},${damaged[2 * i + 1]}`);
    expect(new Set(pairs).size).toBe(4);
  });
});

describe("caps", () => {
  it("drops what is more than maxInFlight, with cause limit, and goes on when there is room", async () => {
    const { network, a, atB, addressB } = await pair({ maxInFlight: 3, link: { latencyMs: 10 } });
    send(a, addressB, ...[1, 2, 3, 4, 5].map((mark) => marked(mark)));
    network.inject(marked(6), addressB, addressB);
    expect(network.stats).toMatchObject({ inFlight: 3, dropped: { limit: 3 } });
    network.clock.advanceBy(10);
    send(a, addressB, marked(7));
    network.clock.advanceBy(10);
    expect(atB.marks).toEqual([1, 2, 3, 7]);
    expectBalance(network.stats);
  });

  it("drops second copies that find no room", async () => {
    const { network, a, atB, addressB } = await pair({ maxInFlight: 1, link: { duplicate: 1 } });
    send(a, addressB, marked(1));
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1]);
    expect(network.stats).toMatchObject({ duplicated: 1, dropped: { limit: 1 } });
    expectBalance(network.stats);
  });

  it("has 65,536 hosts", () => {
    const network = createNetwork({ seed: 1 });
    const small = { batches: 1, batchCapacity: 1, slotBytes: 1 };
    for (let i = 0; i < 65_536; i++) network.createTransport(small);
    expect(() => network.createTransport(small)).toThrow(RangeError);
    expect(() => network.createTransport({ ...small, host: "192.0.2.1" })).toThrow(/at most 65536 hosts/);
    expect(() => network.createTransport({ ...small, host: "10.0.0.1" })).not.toThrow();
  });

  it("has 65,536 paths", async () => {
    const network = createNetwork({ seed: 1 });
    const small = { batches: 1, batchCapacity: 64, slotBytes: 1 };
    const transports = Array.from({ length: 260 }, () => network.createTransport(small));
    const addresses = await Promise.all(transports.map((transport) => transport.open(new Recorder())));
    for (const transport of transports) {
      for (const address of addresses) send(transport, address, new Uint8Array(1));
      network.clock.advanceBy(0);
    }
    expect(network.stats).toMatchObject({ delivered: 65_536, dropped: { limit: 260 * 260 - 65_536 } });
    expect(() => network.link(addresses[259] as SocketAddress, addresses[259] as SocketAddress)).toThrow(RangeError);
  });

  it.each([0, -1, 1.5, 2 ** 21, Number.NaN])("refuses %s datagrams in flight", (maxInFlight) => {
    expect(() => createNetwork({ seed: 1, maxInFlight })).toThrow(RangeError);
  });

  it("refuses options that there are not, and null", () => {
    const misspelt = { seed: 1, links: "hostile" };
    expect(() => createNetwork(misspelt)).toThrow(TypeError);
    expect(() => createNetwork(misspelt)).toThrow('"options" expected only seed, link, maxInFlight, names, clock');
    expect(() => createNetwork({ seed: 1, link: { latency: 5 } as object })).toThrow('"link" expected only latencyMs');
    const network = createNetwork({ seed: 1 });
    const transportOptions = { recieveLink: "wifi" };
    expect(() => network.createTransport(transportOptions as object)).toThrow('"options" expected only host, port');
    for (const name of ["link", "names", "clock", "maxInFlight"]) {
      expect(() => createNetwork({ seed: 1, [name]: null })).toThrow(`"${name}" expected a value, got null`);
    }
    for (const name of ["host", "port", "link", "receiveLink", "batches", "batchCapacity", "slotBytes"]) {
      expect(() => network.createTransport({ [name]: null })).toThrow(`"${name}" expected a value, got null`);
    }
    expect(network.createTransport({ host: undefined } as object).host).toBe("10.0.0.1");
  });

  it.each<[unknown, string]>([
    [{ "game.test": "10.0.0.1" }, 'arrays of IP addresses, got "10.0.0.1" for "game.test"'],
    [{ "game.test": undefined }, 'arrays of IP addresses, got undefined for "game.test"'],
    [{ "game.test": ["10.0.0.1", "other.test"] }, 'arrays of IP addresses, got "other.test" for "game.test"'],
    [{ "game.test": [7] }, 'arrays of IP addresses, got 7 for "game.test"'],
    [["10.0.0.1"], "an object, got an array"],
    ["game.test", 'an object, got "game.test"'],
    [Promise.resolve({}), "an object, got a promise"],
  ])("refuses the names %j, which it would take apart", (names, rest) => {
    expect(() => createNetwork({ seed: 1, names: names as never })).toThrow(new TypeError(`"names" expected ${rest}`));
  });

  it("takes names of IPv4 and IPv6 addresses, and of none", async () => {
    const names = { "game.test": ["10.0.0.1", "2001:db8::1", "fe80::1%eth0"], "empty.test": [] };
    const transport = createNetwork({ seed: 1, names }).createTransport();
    expect(await transport.resolve("game.test")).toEqual(names["game.test"]);
    expect(await transport.resolve("empty.test")).toEqual([]);
  });

  it("refuses a bad seed", () => {
    expect(() => createNetwork({ seed: -1 })).toThrow(RangeError);
  });
});

describe("clocks", () => {
  it("may be shared by two networks", async () => {
    const clock = new VirtualClock({ startMs: 1000 });
    const [one, two] = [createNetwork({ seed: 1, clock }), createNetwork({ seed: 2, clock })];
    expect(one.clock).toBe(clock);
    const recorder = new Recorder(() => clock.now());
    for (const network of [one, two]) {
      const transport = network.createTransport();
      send(transport, await transport.open(recorder), marked(1));
      network.setDefaultLink({ latencyMs: 5 });
      send(transport, transport.localAddress as SocketAddress, marked(2));
    }
    clock.advanceBy(10);
    expect(recorder.received.map(({ atMs }) => atMs)).toEqual([1000, 1000, 1005, 1005]);
  });

  it("may be the system's", async () => {
    const clock = new SystemClock();
    const network = createNetwork({ seed: 1, clock, link: { latencyMs: 2 } });
    const transport = network.createTransport();
    const recorder = new Recorder(() => clock.now());
    const arrived = new Promise<void>((resolve) => {
      recorder.onReceive = () => resolve();
    });
    const sentMs = clock.now();
    send(transport, await transport.open(recorder), marked(1));
    await arrived;
    expect((recorder.received[0]?.atMs ?? 0) - sentMs).toBeGreaterThanOrEqual(2);
    expect(clock.activeTimers).toBe(0);
  });
});
