import { createSocket } from "node:dgram";
import { connect, ConnectError, createClient, createServer, generateIdentity, TransportError } from "sortie";
import { describe, expect, it } from "vitest";
import { hasIpv6 } from "../support/has-ipv6.js";
import { unusedUdpPort } from "../support/port-aside.js";
import { echo, IDENTITY, UdpGame } from "../support/udp-game.js";
import { createUdpTransport } from "../support/udp-transport.js";

async function failure(attempt: Promise<unknown>): Promise<ConnectError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw new Error(`expected a ConnectError, got ${String(error)}`);
  return error;
}

describe("echo over UDP", () => {
  it("works over IPv4, small and large, in every mode", async () => {
    const game = await UdpGame.listening();
    const client = await game.connect();
    expect(client.address.toString()).toBe(`127.0.0.1:${game.port}`);
    expect(await echo(client, "hello")).toBe("hello");
    expect(await echo(client, "x".repeat(200_000))).toHaveLength(200_000);
    for (const delivery of ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const) {
      const answer = new Promise((resolve) => client.on("message", (message) => resolve(message.delivery)));
      client.send("mode", { delivery });
      expect(await answer).toBe(delivery);
    }
    await game.end();
  });

  it.skipIf(!hasIpv6())("works over IPv6", async () => {
    const game = await UdpGame.listening({ host: "::1" });
    expect(game.server.address).toMatchObject({ address: "::1", family: 6 });
    const client = await game.connect({ host: "::1" });
    expect(client.address.toString()).toBe(`[::1]:${game.port}`);
    expect(await echo(client, "six")).toBe("six");
    expect([...game.server.peers.values()][0]?.address.family).toBe(6);
    await game.end();
  });

  it.skipIf(!hasIpv6())("finds a server of this machine by the address at which it listens to all", async () => {
    const game = await UdpGame.listening({ host: "::" });
    const [six, four] = [await game.connect({ host: "::" }), await game.connect({ host: "0.0.0.0" })];
    expect([six.address.host, four.address.host]).toEqual(["::1", "127.0.0.1"]);
    expect(await echo(six, "six")).toBe("six");
    await game.end();
  });

  it.skipIf(!hasIpv6())("works over both at once on one socket; IPv4 addresses look like IPv4", async () => {
    const game = await UdpGame.listening({ host: "::" });
    const hosts = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
    const clients = [];
    for (const host of hosts) clients.push(await game.connect({ host }));
    expect(await Promise.all(clients.map((client, i) => echo(client, `${i}`)))).toEqual(["0", "1", "2"]);
    const seen = [...game.server.peers.values()].map((peer) => peer.address.host);
    expect(seen.sort()).toEqual(["127.0.0.1", "127.0.0.1", "::1"]);
    await game.end();
  });

  it("works by host name, and with ticks", async () => {
    const game = await UdpGame.listening({ tickRate: 200 });
    const client = await game.connect({ host: "localhost" });
    expect(await echo(client, "by name")).toBe("by name");
    expect(game.server.stats.ticks?.ticks).toBeGreaterThan(0);
    await game.end();
  });

  it("follows a client that takes another port", async () => {
    const game = await UdpGame.listening();
    const client = await game.connect();
    const before = client.localAddress?.port;
    await client.rebind();
    expect(client.localAddress?.port).not.toBe(before);
    expect(await echo(client, "moved")).toBe("moved");
    await game.end();
  });

  it("serves a game loop that polls", async () => {
    const game = await UdpGame.listening();
    const client = createClient(game.clientOptions());
    const words: string[] = [];
    let sent = false;
    for (let frame = 0; frame < 5000 && words.length === 0; frame++) {
      client.update(performance.now());
      if (client.state === "connected" && !sent) sent = client.send("poll", { delivery: "reliable" }).accepted;
      for (let message = client.receive(); message !== undefined; message = client.receive()) {
        words.push(new TextDecoder().decode(message.payload));
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(words).toEqual(["poll"]);
    expect(client.sessionId).toBe([...game.server.peers.values()][0]?.sessionId);
    await client.close();
    expect(client.state).toBe("closed");
    await game.end();
  });
});

describe("a client over UDP", () => {
  it("sends the payload, and pins the key, as they were at the call: the caller may wipe them after it", async () => {
    const tokens: string[] = [];
    const authenticate = ({ payload }: { readonly payload: Uint8Array }): { accept: true } => {
      tokens.push(new TextDecoder().decode(payload));
      return { accept: true };
    };
    const game = await UdpGame.listening({ authenticate });
    for (const copy of [(bytes: Uint8Array) => new Uint8Array(bytes), (bytes: Uint8Array) => Buffer.from(bytes)]) {
      const [payload, serverKey] = [copy(new TextEncoder().encode("token")), copy(IDENTITY.publicKey)];
      const connecting = game.connect({ payload, serverKey });
      payload.fill(0);
      serverKey.fill(0);
      await connecting;
    }
    expect(tokens).toEqual(["token", "token"]);
    await game.end();
  });
});

describe("connecting over UDP fails", () => {
  it("with identity-mismatch when the server has another key, and sends it no payload", async () => {
    let asked = 0;
    const authenticate = (): { accept: true } => {
      asked += 1;
      return { accept: true };
    };
    const game = await UdpGame.listening({ authenticate });
    const error = await failure(game.connect({ serverKey: generateIdentity().publicKey, payload: "secret" }));
    expect(error.code).toBe("identity-mismatch");
    expect(error.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${game.port} .*"serverKey"`));
    expect(asked).toBe(0);
    await game.end();
  });

  it("with protocol-mismatch when the protocols differ", async () => {
    const game = await UdpGame.listening();
    const error = await failure(game.connect({ protocol: "udp/2" }));
    expect(error.code).toBe("protocol-mismatch");
    expect(error.message).toContain('"protocol"');
    await game.end();
  });

  it("with timeout when nobody listens, and says what to look at; ICMP does not make it shorter", async () => {
    const port = await unusedUdpPort();
    const startMs = performance.now();
    const options = { host: "127.0.0.1", port, protocol: "udp/1", serverKey: IDENTITY.publicKey };
    const error = await failure(connect({ ...options, timeoutMs: 400 }));
    expect(performance.now() - startMs).toBeGreaterThan(390);
    expect(error.code).toBe("timeout");
    const question = "is the server running, the port right, UDP let through?";
    expect(error.message).toBe(`no answer from 127.0.0.1:${port} within 400 ms: ${question}`);
  });

  it("with timeout when answers come from elsewhere, and says from where", async () => {
    const [asked, other] = [createSocket("udp4"), createSocket("udp4")];
    await new Promise<void>((resolve) => asked.bind(0, "127.0.0.1", resolve));
    await new Promise<void>((resolve) => other.bind(0, "127.0.0.1", resolve));
    asked.on("message", (hello, { port }) => other.send(hello, port, "127.0.0.1"));
    const { port } = asked.address();
    const options = { host: "127.0.0.1", port, protocol: "udp/1", serverKey: IDENTITY.publicKey };
    // An answer has to be heard before, on a machine with other work as well.
    const error = await failure(connect({ ...options, timeoutMs: 2500 }));
    expect(error.code).toBe("timeout");
    expect(error.message).toBe(
      `no answer from 127.0.0.1:${port} within 2500 ms: answers came from 127.0.0.1:${other.address().port}: connect ` +
        'to that, or give the server the address that clients ask as "host"',
    );
    asked.close();
    other.close();
  });

  it("with network when the name has no address", async () => {
    const options = { host: "no-such-host.invalid", port: 1474, protocol: "udp/1", serverKey: IDENTITY.publicKey };
    const error = await failure(connect({ ...options, timeoutMs: 5000 }));
    expect(error.code).toBe("network");
    expect(error.message).toMatch(/^the name "no-such-host\.invalid" could not be resolved/);
    expect(error.message.match(/could not be resolved/g)).toHaveLength(1);
    expect(error.cause).toBeInstanceOf(TransportError);
  });

  it("with rejected and the application's words when authenticate says no", async () => {
    const game = await UdpGame.listening({ authenticate: () => ({ accept: false, reason: "no ticket" }) });
    expect(await failure(game.connect())).toMatchObject({ code: "rejected", reason: "no ticket" });
    await game.end();
  });

  it("with aborted when the signal says so", async () => {
    const game = await UdpGame.listening({ authenticate: () => new Promise(() => {}) });
    const error = await failure(game.connect({ signal: AbortSignal.timeout(50) }));
    expect(error.code).toBe("aborted");
    expect((error.cause as Error).name).toBe("TimeoutError");
    await game.end();
  });
});

describe("listening over UDP", () => {
  it("on a port that is taken fails with address-in-use, and says what to do", async () => {
    const game = await UdpGame.listening();
    const { port } = game;
    const second = new UdpGame({ port });
    const error: unknown = await second.server.listen().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({
      code: "address-in-use",
      message: `port ${port} is in use: another server runs there, or choose another port`,
    });
    await second.end();
    await game.end();
  });

  it("on an address of another machine fails, and says so", async () => {
    const server = createServer({ protocol: "udp/1", identity: IDENTITY, host: "192.0.2.200", port: 0 });
    await expect(server.listen()).rejects.toMatchObject({
      code: "address-not-available",
      message: expect.stringMatching(/^192\.0\.2\.200 is not an address of this machine/) as string,
    });
    await server.close();
  });

  it("tells where it listens, from then on and until it is closed", async () => {
    const game = new UdpGame();
    expect(game.server.address).toBeUndefined();
    const address = await game.server.listen();
    expect(address).toEqual({ address: "127.0.0.1", port: address.port, family: 4 });
    expect(game.server.address).toEqual(address);
    await expect(game.server.listen()).rejects.toThrow(/listens already/);
    await game.end();
    expect(game.server.address).toBeUndefined();
    await expect(game.server.listen()).rejects.toThrow(/closed/);
  });
});

describe("UDP as it is", () => {
  it("garbage sent to the socket is counted by its reason and harms nobody", async () => {
    const game = await UdpGame.listening();
    const client = await game.connect();
    const errors: unknown[] = [];
    game.server.on("error", (error) => errors.push(error));
    const socket = createSocket("udp4");
    const sizes = [0, 1, 8, 26, 100, 1200, 1452, 1453, 9000];
    for (const first of [0x00, 0x01, 0x02, 0x3f, 0x40, 0x41, 0x7f, 0x80, 0xff]) {
      for (const bytes of sizes) {
        const datagram = new Uint8Array(bytes).fill(first);
        await new Promise<void>((resolve) => socket.send(datagram, game.port, "127.0.0.1", () => resolve()));
      }
    }
    expect(await echo(client, "still here")).toBe("still here");
    const { drops, transport } = game.server.stats;
    const dropped = Object.values(drops).reduce((sum, count) => sum + count, 0);
    // The batched transport has no room for 9000 bytes, and says so.
    expect(dropped + transport.truncated).toBe(9 * sizes.length);
    expect(errors).toEqual([]);
    await new Promise<void>((resolve) => socket.close(resolve));
    await game.end();
  });

  it("a port unreachable does not end a client: only its idle timeout does", async () => {
    const transport = createUdpTransport({ host: "127.0.0.1" });
    const game = await UdpGame.listening({ transport });
    const client = await game.connect({ idleTimeoutMs: 1000 });
    const errors: unknown[] = [];
    client.on("error", (error) => errors.push(error));
    const ended = new Promise<string>((resolve) => client.on("disconnect", (reason) => resolve(reason.code)));
    // The silence begins with the answer, or later.
    const startMs = performance.now();
    expect(await echo(client, "hello")).toBe("hello");
    // The server's process dies: its port answers with ICMP from now on.
    await transport.close();
    const knocking = setInterval(() => client.send("anyone?"), 50);
    expect(await ended).toBe("timeout");
    clearInterval(knocking);
    expect(performance.now() - startMs).toBeGreaterThan(900);
    expect(errors).toEqual([]);
    await client.close();
    await game.server.close();
  });

  it("a closing server delivers what is reliable, then tells its clients why", async () => {
    const game = await UdpGame.listening();
    const client = await game.connect();
    let received = 0;
    client.on("message", () => (received += 1));
    const ended = new Promise((resolve) => client.on("disconnect", resolve));
    for (let i = 0; i < 500; i++) game.server.broadcast(new Uint8Array(1000), { delivery: "ordered" });
    await game.server.close({ drainMs: 30_000, reason: "new version" });
    expect(await ended).toEqual({ code: "shutting-down", by: "remote", text: "new version" });
    expect(received).toBe(500);
    expect(await failure(connect(game.clientOptions({ timeoutMs: 200 })))).toMatchObject({ code: "timeout" });
    await game.end();
  });

  it("a burst of clients at once gets in", async () => {
    const game = await UdpGame.listening({ maxPeers: 40 });
    const clients = await Promise.all(Array.from({ length: 40 }, () => game.connect({ timeoutMs: 50_000 })));
    expect(new Set(clients.map((client) => client.sessionId)).size).toBe(40);
    expect(await failure(game.connect())).toMatchObject({ code: "server-full" });
    await game.end();
    expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
  }, 60_000);
});
