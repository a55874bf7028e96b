import type { Clock, DatagramBatch, DatagramReceiver, DatagramTransport, SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { LinkProxy } from "../src/link-proxy.js";
import type { LinkProxyOptions } from "../src/link-proxy-options.js";
import type { MemoryTransport } from "../src/memory-transport.js";
import { createNetwork, type MemoryNetwork } from "../src/network.js";
import { marked, Recorder, send } from "./recorder.js";

const SEED = 6;

class ProxiedNetwork {
  readonly network: MemoryNetwork = createNetwork({ seed: SEED });
  readonly server: MemoryTransport = this.network.createTransport({ host: "10.1.0.1", port: 1474 });
  readonly atServer: Recorder = new Recorder(() => this.network.clock.now());
  readonly upstreams: MemoryTransport[] = [];
  readonly errors: unknown[] = [];
  proxy!: LinkProxy;
  front!: SocketAddress;

  static async with(options: Partial<LinkProxyOptions> = {}): Promise<ProxiedNetwork> {
    const self = new ProxiedNetwork();
    const { clock } = self.network;
    const target = await clock.runUntilSettled(self.server.open(self.atServer));
    self.atServer.onReceive = (payload, from) => send(self.server, from, payload);
    self.proxy = new LinkProxy({
      target,
      front: self.network.createTransport({ host: "10.2.0.1", port: 9000 }),
      createUpstream: () => {
        const upstream = self.network.createTransport({ host: "10.2.0.1" });
        self.upstreams.push(upstream);
        return upstream;
      },
      clock,
      seed: SEED,
      onError: (error) => self.errors.push(error),
      ...options,
    });
    self.front = await clock.runUntilSettled(self.proxy.listen());
    return self;
  }

  async client(): Promise<{ transport: MemoryTransport; recorder: Recorder }> {
    const transport = this.network.createTransport();
    const recorder = new Recorder(() => this.network.clock.now());
    await this.network.clock.runUntilSettled(transport.open(recorder));
    return { transport, recorder };
  }

  async end(): Promise<void> {
    await this.network.clock.runUntilSettled(this.proxy.close());
    expect(this.network.clock.pendingTimers).toBe(0);
    expect(this.proxy.statistics).toMatchObject({ clients: 0, inFlight: 0 });
    for (const upstream of this.upstreams) expect(upstream.localAddress).toBeUndefined();
  }
}

/** A socket with a single batch, which takes 5 ms to leave: a burst finds none free. */
function slow(inner: MemoryTransport, clock: Clock): DatagramTransport {
  let receiver: DatagramReceiver | undefined;
  let isBusy = false;
  let isWanted = false;
  return {
    open: (given) => inner.open((receiver = given)),
    get localAddress() {
      return inner.localAddress;
    },
    acquireBatch() {
      isWanted ||= isBusy;
      return isBusy ? undefined : inner.acquireBatch();
    },
    send(batch: DatagramBatch) {
      isBusy = true;
      clock.setTimer(clock.now() + 5, () => {
        inner.send(batch);
        isBusy = false;
        const wasWanted = isWanted;
        isWanted = false;
        if (wasWanted) receiver?.onWritable();
      });
    },
    close: () => inner.close(),
    get statistics() {
      return inner.statistics;
    },
  };
}

describe(`a link proxy (seed ${SEED})`, () => {
  it("relays both ways, each with its delay, and each client by a socket of its own", async () => {
    const net = await ProxiedNetwork.with({ toTarget: { latencyMs: 30 }, toClient: { latencyMs: 5 } });
    const [ann, bob] = [await net.client(), await net.client()];
    send(ann.transport, net.front, marked(1), marked(2));
    send(bob.transport, net.front, marked(3, 1500));
    await net.network.clock.run(100);
    expect(net.atServer.received.map(({ atMs }) => atMs)).toEqual([30, 30, 30]);
    expect(new Set(net.atServer.received.map(({ from }) => from)).size).toBe(2);
    expect(ann.recorder.marks).toEqual([1, 2]);
    expect(ann.recorder.received.map(({ atMs }) => atMs)).toEqual([35, 35]);
    expect(ann.recorder.received[0]?.from).toBe(net.front.toString());
    expect(bob.recorder.received[0]?.bytes).toEqual(marked(3, 1500));
    expect(net.proxy.statistics.toTarget).toMatchObject({ offered: 3, relayed: 3, relayedBytes: 1700 });
    await net.end();
  });

  it("loses, doubles and damages as the link says, and counts it", async () => {
    const faults = { loss: 0.2, duplicate: 0.1, corrupt: 0.1, mtu: 1000 };
    const net = await ProxiedNetwork.with({ toTarget: faults });
    const ann = await net.client();
    for (let i = 0; i < 1000; i++) {
      send(ann.transport, net.front, marked(7));
      await net.network.clock.run(1);
    }
    send(ann.transport, net.front, marked(7, 1001));
    await net.network.clock.run(10);
    const { toTarget, toClient, inFlight } = net.proxy.statistics;
    expect(toTarget).toMatchObject({ offered: 1001, tooBig: 1, refused: 0 });
    expect(Math.abs(toTarget.lost / 1000 - 0.2)).toBeLessThan(0.04);
    expect(Math.abs(toTarget.duplicated / 800 - 0.1)).toBeLessThan(0.04);
    expect(inFlight).toBe(0);
    expect(toTarget.relayed).toBe(toTarget.offered + toTarget.duplicated - toTarget.lost - toTarget.tooBig);
    expect(net.atServer.received).toHaveLength(toTarget.relayed);
    const damaged = net.atServer.received.filter(({ bytes }) => bytes.join() !== marked(7).join());
    expect(damaged).toHaveLength(toTarget.corrupted);
    expect(toClient).toMatchObject({ offered: toTarget.relayed, lost: 0 });
    await net.end();
  });

  it("gives clients links of their own, or one for all", async () => {
    for (const isShared of [false, true]) {
      // Room for one datagram beside the one that leaves.
      const link = { bandwidthBytesPerSecond: 1000, queueBytes: 200 };
      const net = await ProxiedNetwork.with({ toTarget: link, isShared });
      for (const { transport } of [await net.client(), await net.client()]) {
        send(transport, net.front, marked(1), marked(2), marked(3));
      }
      await net.network.clock.run(1000);
      expect(net.proxy.statistics.toTarget.queueFull).toBe(isShared ? 4 : 2);
      await net.end();
    }
  });

  it("takes no more clients than it may, and counts what it refuses", async () => {
    const net = await ProxiedNetwork.with({ maxClients: 2 });
    const clients = [await net.client(), await net.client(), await net.client()];
    for (const { transport } of clients) send(transport, net.front, marked(1));
    await net.network.clock.run(10);
    expect(net.proxy.statistics).toMatchObject({ clients: 2, clientsSeen: 2 });
    expect(net.proxy.statistics.toTarget).toMatchObject({ offered: 3, relayed: 2, refused: 1 });
    expect(clients.map(({ recorder }) => recorder.received.length)).toEqual([1, 1, 0]);
    await net.end();
  });

  it("forgets a client that was silent for long, and takes another in its place", async () => {
    const net = await ProxiedNetwork.with({ maxClients: 1, clientIdleMs: 5000 });
    const [ann, bob] = [await net.client(), await net.client()];
    send(ann.transport, net.front, marked(1));
    await net.network.clock.run(4000);
    send(ann.transport, net.front, marked(1));
    await net.network.clock.run(4999);
    send(bob.transport, net.front, marked(2));
    await net.network.clock.run(1000);
    expect(bob.recorder.received).toHaveLength(0);
    send(bob.transport, net.front, marked(2));
    await net.network.clock.run(10);
    expect(bob.recorder.marks).toEqual([2]);
    expect(net.proxy.statistics).toMatchObject({ clients: 1, clientsSeen: 2 });
    expect(net.upstreams[0]?.localAddress).toBeUndefined();
    await net.end();
  });

  it("forgets the last client too, when nothing comes any more", async () => {
    const net = await ProxiedNetwork.with({ clientIdleMs: 5000 });
    const ann = await net.client();
    send(ann.transport, net.front, marked(1));
    await net.network.clock.run(4000);
    expect(net.proxy.statistics.clients).toBe(1);
    await net.network.clock.run(6001);
    expect(net.proxy.statistics.clients).toBe(0);
    expect(net.upstreams[0]?.localAddress).toBeUndefined();
    expect(net.network.clock.pendingTimers).toBe(0);
    await net.end();
  });

  it("holds no more datagrams than it may", async () => {
    const net = await ProxiedNetwork.with({ maxInFlight: 10, toTarget: { latencyMs: 100 } });
    const ann = await net.client();
    for (let i = 0; i < 12; i++) send(ann.transport, net.front, marked(i));
    await net.network.clock.run(50);
    expect(net.proxy.statistics).toMatchObject({ inFlight: 10 });
    await net.network.clock.run(100);
    expect(net.proxy.statistics.toTarget).toMatchObject({ offered: 12, relayed: 10, refused: 2 });
    await net.end();
  });

  it("holds a burst until its socket has a free batch, in order and both ways", async () => {
    const { network } = await ProxiedNetwork.with();
    const { clock } = network;
    const server = network.createTransport({ host: "10.3.0.1", port: 1474, batches: 500 });
    const atServer = new Recorder(() => clock.now());
    atServer.onReceive = (payload, from) => send(server, from, payload);
    const proxy = new LinkProxy({
      target: await clock.runUntilSettled(server.open(atServer)),
      front: slow(network.createTransport({ host: "10.2.0.1", port: 9001 }), clock),
      createUpstream: () => slow(network.createTransport({ host: "10.2.0.1" }), clock),
      clock,
      seed: SEED,
      maxInFlight: 200,
      clientIdleMs: 1000,
    });
    const front = await clock.runUntilSettled(proxy.listen());
    const client = network.createTransport({ batches: 500 });
    const atClient = new Recorder(() => clock.now());
    await clock.runUntilSettled(client.open(atClient));
    const marks = Array.from({ length: 200 }, (_, mark) => mark);
    for (const mark of marks) {
      send(client, front, marked(mark));
      if (mark % 50 === 0) await clock.run(1);
    }
    await clock.run(100);
    expect(atServer.marks).toEqual(marks);
    expect(atClient.marks).toEqual(marks);
    expect(proxy.statistics).toMatchObject({ inFlight: 0, toTarget: { refused: 0 }, toClient: { refused: 0 } });
    // 64 leave with the first batch, 200 wait; and what waits for a socket goes with it.
    for (let mark = 0; mark < 64; mark++) send(client, front, marked(mark));
    await clock.run(1);
    for (let mark = 0; mark < 201; mark++) send(client, front, marked(mark));
    await clock.run(1);
    expect(proxy.statistics).toMatchObject({ inFlight: 200, toTarget: { relayed: 264, refused: 1 } });
    await clock.runUntilSettled(proxy.close());
    expect(proxy.statistics).toMatchObject({ inFlight: 0, toTarget: { refused: 201 } });
  });

  it("drops what no socket takes: more than 1500 bytes", async () => {
    const net = await ProxiedNetwork.with();
    const transport = net.network.createTransport({ slotBytes: 9000 });
    await net.network.clock.runUntilSettled(transport.open(new Recorder()));
    send(transport, net.front, marked(1, 1501));
    await net.network.clock.run(10);
    expect(net.proxy.statistics.toTarget).toMatchObject({ offered: 1, tooBig: 1, relayed: 0 });
    await net.end();
  });

  it("takes answers from the target alone", async () => {
    const net = await ProxiedNetwork.with();
    const [ann, eve] = [await net.client(), await net.client()];
    send(ann.transport, net.front, marked(1));
    await net.network.clock.run(10);
    send(eve.transport, net.upstreams[0]?.localAddress as SocketAddress, marked(66));
    await net.network.clock.run(10);
    expect(ann.recorder.marks).toEqual([1]);
    await net.end();
  });

  it.each([
    ["reports a socket that does not open, and lets the client try again", false],
    ["does so although the one who is told throws", true],
  ])("%s", async (_name, throws) => {
    let broken = true;
    const net = await ProxiedNetwork.with();
    const create = (): MemoryTransport => net.network.createTransport(broken ? { host: "10.2.0.1", port: 9000 } : {});
    const front = net.network.createTransport({ host: "10.2.0.1", port: 9001 });
    const target = net.server.localAddress as SocketAddress;
    const errors: unknown[] = [];
    const { clock } = net.network;
    const onError = (error: unknown): void => {
      errors.push(error);
      if (throws) throw new Error("a listener with a fault");
    };
    const proxy = new LinkProxy({ target, front, createUpstream: create, clock, seed: 1, onError });
    const address = await clock.runUntilSettled(proxy.listen());
    const ann = await net.client();
    send(ann.transport, address, marked(1));
    await clock.run(10);
    expect(errors).toHaveLength(1);
    expect(proxy.statistics).toMatchObject({ clients: 0, errors: 1, inFlight: 0 });
    expect(proxy.statistics.toTarget).toMatchObject({ offered: 1, relayed: 0, refused: 1 });
    broken = false;
    send(ann.transport, address, marked(2));
    await clock.run(10);
    expect(ann.recorder.marks).toEqual([2]);
    await clock.runUntilSettled(proxy.close());
    await net.end();
  });

  it("closes with datagrams under way, twice, and then relays nothing", async () => {
    const net = await ProxiedNetwork.with({ toTarget: { latencyMs: 50 } });
    const ann = await net.client();
    send(ann.transport, net.front, marked(1));
    await net.network.clock.run(10);
    await net.end();
    await net.end();
    await net.network.clock.run(100);
    expect(net.atServer.received).toHaveLength(0);
  });

  it.each([
    ["maxClients", 0],
    ["maxInFlight", 2 ** 21],
    ["clientIdleMs", 999],
    ["seed", -1],
  ])("refuses a %s of %s", async (name, value) => {
    await expect(ProxiedNetwork.with({ [name]: value })).rejects.toThrow(`"${name}"`);
  });

  it("refuses options that there are not", async () => {
    await expect(ProxiedNetwork.with({ toTaget: "wifi" } as object)).rejects.toThrow('"options" expected only target');
  });

  it("refuses bad links when it is made", async () => {
    await expect(ProxiedNetwork.with({ toClient: { loss: 5 } })).rejects.toThrow('"loss" expected 0..1, got 5');
  });
});
