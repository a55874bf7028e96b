import { SocketAddress, TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { createNetwork } from "../src/network.js";
import { marked, Recorder, send } from "./recorder.js";

describe("MemoryTransport.open", () => {
  it("gives each transport a host of its own and a dynamic port", async () => {
    const network = createNetwork({ seed: 1 });
    const addresses = await Promise.all([1, 2].map(() => network.createTransport().open(new Recorder())));
    expect(addresses.map(String)).toEqual(["10.0.0.1:49152", "10.0.0.2:49152"]);
  });

  it("takes the host and port asked for, IPv6 too", async () => {
    const network = createNetwork({ seed: 1 });
    const four = network.createTransport({ host: "192.0.2.7", port: 1474 });
    const six = network.createTransport({ host: "2001:db8::1", port: 1474 });
    expect(String(await four.open(new Recorder()))).toBe("192.0.2.7:1474");
    expect(String(await six.open(new Recorder()))).toBe("[2001:db8::1]:1474");
    expect(four.localAddress?.port).toBe(1474);
  });

  it.each(["0.0.0.0", "::"])("takes a host of its own for %s", async (host) => {
    const network = createNetwork({ seed: 1 });
    const address = await network.createTransport({ host, port: 7 }).open(new Recorder());
    expect(String(address)).toBe("10.0.0.1:7");
  });

  it("passes over hosts that were named before", async () => {
    const network = createNetwork({ seed: 1 });
    network.createTransport({ host: "10.0.0.1" });
    expect(network.createTransport().host).toBe("10.0.0.2");
  });

  it("has no local address before it resolved, nor after close", async () => {
    const transport = createNetwork({ seed: 1 }).createTransport();
    const opening = transport.open(new Recorder());
    expect(transport.localAddress).toBeUndefined();
    const address = await opening;
    expect(transport.localAddress).toBe(address);
    await transport.close();
    expect(transport.localAddress).toBeUndefined();
  });

  it("rejects a second open", async () => {
    const transport = createNetwork({ seed: 1 }).createTransport();
    const first = transport.open(new Recorder());
    await expect(transport.open(new Recorder())).rejects.toMatchObject({ code: "already-open" });
    await first;
    await expect(transport.open(new Recorder())).rejects.toMatchObject({ code: "already-open" });
  });

  it("rejects after close, also when it was closed meanwhile", async () => {
    const network = createNetwork({ seed: 1 });
    const transport = network.createTransport({ port: 5 });
    const opening = transport.open(new Recorder());
    await transport.close();
    await expect(opening).rejects.toMatchObject({ code: "closed" });
    await expect(transport.open(new Recorder())).rejects.toMatchObject({ code: "closed" });
    await network.createTransport({ host: transport.host, port: 5 }).open(new Recorder());
  });

  it("rejects a port in use, and may be tried again", async () => {
    const network = createNetwork({ seed: 1 });
    const first = network.createTransport({ host: "10.0.0.9", port: 1474 });
    const second = network.createTransport({ host: "10.0.0.9", port: 1474 });
    await first.open(new Recorder());
    const refused = await second.open(new Recorder()).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TransportError);
    expect(refused).toMatchObject({ code: "address-in-use" });
    expect((refused as TransportError).message).toContain("port 1474 of 10.0.0.9 is in use");
    expect(String((refused as TransportError).address)).toBe("10.0.0.9:1474");
    await first.close();
    expect(String(await second.open(new Recorder()))).toBe("10.0.0.9:1474");
  });

  it("rejects when a host has no free dynamic port left", async () => {
    const network = createNetwork({ seed: 1 });
    const small = { host: "10.9.9.9", batches: 1, batchCapacity: 1, slotBytes: 1 };
    const count = 65_535 - 49_152 + 1;
    for (let i = 0; i < count; i++) await network.createTransport(small).open(new Recorder());
    await expect(network.createTransport(small).open(new Recorder())).rejects.toMatchObject({
      code: "address-not-available",
    });
  });

  it.each([{ host: "example.org" }, { port: 70_000 }, { port: 1.5 }, { batches: 0 }, { slotBytes: 0 }])(
    "refuses %o at once",
    (options) => {
      expect(() => createNetwork({ seed: 1 }).createTransport(options)).toThrow(RangeError);
    },
  );
});

describe("MemoryTransport.send", () => {
  it("carries datagrams of any size, whole, in order, with the sender's address", async () => {
    const network = createNetwork({ seed: 1 });
    const a = network.createTransport({ slotBytes: 9000 });
    const b = network.createTransport();
    const atB = new Recorder();
    const from = await a.open(new Recorder());
    const to = await b.open(atB);
    const sizes = [0, 1, 47, 48, 128, 129, 1200, 1452, 9000, 3];
    const datagrams = sizes.map((size, i) => Uint8Array.from({ length: size }, (_, j) => (i * 31 + j) & 255));
    send(a, to, ...datagrams);
    expect(atB.received).toEqual([]);
    network.clock.advanceBy(0);
    expect(atB.received.map(({ bytes }) => bytes)).toEqual(datagrams);
    expect(new Set(atB.received.map((datagram) => datagram.from))).toEqual(new Set([from.toString()]));
    expect(atB.calls).toEqual([...sizes.map(() => "datagram"), "end"]);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(a.statistics).toMatchObject({ datagramsSent: 10, bytesSent: bytes, datagramsReceived: 0 });
    expect(b.statistics).toMatchObject({ datagramsReceived: 10, bytesReceived: bytes, datagramsSent: 0 });
  });

  it("copies: the sender may use its batch again at once", async () => {
    const network = createNetwork({ seed: 1, link: { latencyMs: 5 } });
    const a = network.createTransport({ batches: 1 });
    const atB = new Recorder();
    await a.open(new Recorder());
    const to = await network.createTransport().open(atB);
    for (const mark of [1, 2, 3]) send(a, to, marked(mark));
    network.clock.advanceBy(10);
    expect(atB.marks).toEqual([1, 2, 3]);
  });

  it("carries replies between two ports of one host, and to itself", async () => {
    const network = createNetwork({ seed: 1 });
    const a = network.createTransport({ host: "10.0.0.5" });
    const b = network.createTransport({ host: "10.0.0.5" });
    const [atA, atB] = [new Recorder(), new Recorder()];
    const addressA = await a.open(atA);
    const addressB = await b.open(atB);
    atB.onReceive = (payload, from) => send(b, from, payload.slice());
    send(a, addressB, marked(1));
    send(a, addressA, marked(2));
    network.clock.advanceBy(0);
    expect(atB.marks).toEqual([1]);
    expect(atA.marks).toEqual([2, 1]);
  });

  it("makes one batch of what arrives at one instant, and another of what answers cause", async () => {
    const network = createNetwork({ seed: 1 });
    const a = network.createTransport();
    const b = network.createTransport();
    const c = network.createTransport();
    const [atA, atB] = [new Recorder(), new Recorder()];
    const addressA = await a.open(atA);
    const addressB = await b.open(atB);
    await c.open(new Recorder());
    atA.onReceive = (payload) => {
      if (payload[0] === 1) send(a, addressA, marked(9));
    };
    send(b, addressA, marked(1));
    send(c, addressB, marked(2));
    send(c, addressA, marked(3));
    network.clock.advanceBy(0);
    expect(atA.marks).toEqual([1, 3, 9]);
    expect(atA.calls).toEqual(["datagram", "datagram", "end", "datagram", "end"]);
    expect(atB.calls).toEqual(["datagram", "end"]);
  });

  it("counts instead of throwing: before open, after close, to port 0", async () => {
    const network = createNetwork({ seed: 1 });
    const a = network.createTransport();
    const to = await network.createTransport().open(new Recorder());
    send(a, to, marked(1), marked(2));
    await a.open(new Recorder());
    send(a, SocketAddress.parse(to.host, 0), marked(3));
    await a.close();
    send(a, to, marked(4));
    expect(a.statistics).toMatchObject({ datagramsSent: 0, sendErrors: 4 });
    expect(a.freeBatches).toBe(a.totalBatches);
    expect(network.stats.sent).toBe(0);
  });

  it("has a fixed number of batches, and says when one is free again, not inside send", async () => {
    const network = createNetwork({ seed: 1 });
    const a = network.createTransport({ batches: 3, batchCapacity: 2 });
    const atA = new Recorder();
    await a.open(atA);
    const batches = [1, 2, 3].map(() => a.acquireBatch());
    expect(batches.every((batch) => batch !== undefined)).toBe(true);
    expect(a.freeBatches).toBe(0);
    expect(a.acquireBatch()).toBeUndefined();
    for (const batch of batches) if (batch !== undefined) a.send(batch);
    expect(atA.calls).toEqual([]);
    network.clock.advanceBy(0);
    expect(atA.calls).toEqual(["writable"]);
    expect(a.freeBatches).toBe(3);
  });
});

describe("MemoryTransport.close", () => {
  it("is idempotent, frees the port, and keeps the receiver in peace", async () => {
    const network = createNetwork({ seed: 1, link: { latencyMs: 10 } });
    const a = network.createTransport({ batches: 1 });
    const b = network.createTransport({ port: 77 });
    const [atA, atB] = [new Recorder(), new Recorder()];
    await a.open(atA);
    const to = await b.open(atB);
    send(a, to, marked(1));
    const held = a.acquireBatch();
    expect(a.acquireBatch()).toBeUndefined();
    a.raiseError(new TransportError("system", "late"));
    await Promise.all([a.close(), a.close(), b.close()]);
    await a.close();
    held?.release();
    network.clock.advanceBy(100);
    expect(atA.calls).toEqual([]);
    expect(atB.calls).toEqual([]);
    expect(network.stats).toMatchObject({ inFlight: 0, dropped: { unreachable: 1 } });
    expect(network.clock.pendingTimers).toBe(0);
    await network.createTransport({ host: b.host, port: 77 }).open(new Recorder());
  });

  it("leaves on its way what was sent before", async () => {
    const network = createNetwork({ seed: 1, link: { latencyMs: 10 } });
    const a = network.createTransport();
    const atB = new Recorder();
    await a.open(new Recorder());
    send(a, await network.createTransport().open(atB), marked(1));
    await a.close();
    network.clock.advanceBy(10);
    expect(atB.marks).toEqual([1]);
  });

  it("from inside a receive call ends the batch there", async () => {
    const network = createNetwork({ seed: 1 });
    const a = network.createTransport();
    const b = network.createTransport();
    const atB = new Recorder();
    await a.open(new Recorder());
    const to = await b.open(atB);
    atB.onReceive = () => void b.close();
    send(a, to, marked(1), marked(2));
    network.clock.advanceBy(0);
    expect(atB.calls).toEqual(["datagram"]);
    expect(network.stats).toMatchObject({ delivered: 1, dropped: { unreachable: 1 }, inFlight: 0 });
  });
});

describe("MemoryTransport.rebind", () => {
  it("takes a new port: the old address is dead, the new one works", async () => {
    const network = createNetwork({ seed: 1, link: { latencyMs: 10 } });
    const client = network.createTransport();
    const server = network.createTransport({ port: 1474 });
    const [atClient, atServer] = [new Recorder(), new Recorder()];
    const old = await client.open(atClient);
    const to = await server.open(atServer);
    send(server, old, marked(1));
    network.clock.advanceBy(5);
    const fresh = await client.rebind();
    expect(fresh.host).toBe(old.host);
    expect(fresh.port).not.toBe(old.port);
    expect(client.localAddress).toBe(fresh);
    send(server, old, marked(2));
    send(client, to, marked(3));
    send(server, fresh, marked(4));
    network.clock.advanceBy(50);
    expect(atClient.marks).toEqual([4]);
    expect(atServer.received.map(({ from }) => from)).toEqual([fresh.toString()]);
    expect(network.stats.dropped.unreachable).toBe(2);
  });

  it("moves to another host", async () => {
    const network = createNetwork({ seed: 1 });
    const client = network.createTransport();
    const atServer = new Recorder();
    await client.open(new Recorder());
    const to = await network.createTransport().open(atServer);
    const fresh = await client.rebind("172.16.0.1");
    expect(client.host).toBe("172.16.0.1");
    send(client, to, marked(1));
    network.clock.advanceBy(0);
    expect(atServer.received[0]?.from).toBe(fresh.toString());
  });

  it("rejects before open and after close, and a bad host leaves all as it was", async () => {
    const network = createNetwork({ seed: 1 });
    const transport = network.createTransport();
    await expect(transport.rebind()).rejects.toMatchObject({ code: "closed" });
    const address = await transport.open(new Recorder());
    await expect(transport.rebind("nowhere")).rejects.toThrow(RangeError);
    expect(transport.localAddress).toBe(address);
    await transport.close();
    await expect(transport.rebind()).rejects.toMatchObject({ code: "closed" });
  });
});

describe("the rest of MemoryTransport", () => {
  it("resolves the network's names and literals", async () => {
    const names = { "game.example": ["10.0.0.1", "2001:db8::1"] };
    const transport = createNetwork({ seed: 1, names }).createTransport();
    expect(await transport.resolve("game.example")).toEqual(["10.0.0.1", "2001:db8::1"]);
    expect(await transport.resolve("10.1.2.3")).toEqual(["10.1.2.3"]);
    expect(await transport.resolve("2001:DB8:0::1")).toEqual(["2001:db8::1"]);
    expect(await transport.resolve("fe80::1%eth0")).toEqual(["fe80::1%eth0"]);
    for (const unknown of ["other.example", "toString", "__proto__", ""]) {
      await expect(transport.resolve(unknown)).rejects.toMatchObject({ code: "name-not-found" });
    }
  });

  it("reports raised errors to the receiver, not at once, and goes on", async () => {
    const network = createNetwork({ seed: 1 });
    const transport = network.createTransport();
    const recorder = new Recorder();
    const address = await transport.open(recorder);
    const error = new TransportError("system", "the cable was cut");
    transport.raiseError(error);
    expect(recorder.errors).toEqual([]);
    network.clock.advanceBy(0);
    expect(recorder.errors).toEqual([error]);
    send(transport, address, marked(1));
    network.clock.advanceBy(0);
    expect(recorder.marks).toEqual([1]);
  });
});
