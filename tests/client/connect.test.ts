import { type Client, connect, ConnectError, createClient } from "@sortie/client";
import { Server } from "@sortie/server";
import { assertNoLeaks } from "@sortie/testkit";
import { type DatagramTransport, TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL, text } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";
import { recordingLogger } from "../support/recording-logger.js";

function failure(attempt: Promise<unknown>): Promise<ConnectError> {
  return attempt.then(
    () => {
      throw new Error("expected a ConnectError, got a client");
    },
    (error: unknown) => {
      if (error instanceof ConnectError) return error;
      throw error;
    },
  );
}

describe("a host by name", () => {
  it("with several addresses is reached although the first ones are dead, in a time that is not felt", async () => {
    const game = new GameNetwork({ names: { "play.example": ["192.0.2.9", "2001:db8::9", "10.0.0.1"] } });
    await game.listen();
    const seen = recordDatagrams(game.network);
    const client = await game.connect({ host: "play.example" });
    expect(game.clock.now()).toBeLessThan(1000);
    expect(client.address.host).toBe("10.0.0.1");
    const targets = seen.filter(({ datagram }) => datagram[0] === 0x01).map(({ to }) => to.host);
    expect(targets).toEqual(["192.0.2.9", "2001:db8::9", "10.0.0.1", "10.0.0.1"]);
    await game.run(2000);
    expect(seen.filter(({ to }) => to.host === "192.0.2.9")).toHaveLength(1);
    await game.end();
  });

  it("of which all addresses are dead ends by the timeout, with each of them tried again", async () => {
    const game = new GameNetwork({ names: { "play.example": ["192.0.2.9", "2001:db8::9"] } });
    const seen = recordDatagrams(game.network);
    const error = await failure(game.connect({ host: "play.example", timeoutMs: 3000 }));
    expect(error.code).toBe("timeout");
    expect(error.message).toMatch(/no answer from play\.example:1474 within 3000 ms: is the server running/);
    const [one, other] = ["192.0.2.9", "2001:db8::9"];
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.map(({ to }) => to.host)).toEqual(seen.map((_, i) => (i % 2 === 0 ? one : other)));
    await game.end();
  });

  it("that nobody knows is a network error that names it, at once", async () => {
    const game = new GameNetwork({ names: { "empty.example": [] } });
    const error = await failure(game.connect({ host: "nowhere.example" }));
    expect(error.code).toBe("network");
    expect(error.message).toMatch(/the name "nowhere\.example" could not be resolved: .+/);
    expect(error.cause).toBeInstanceOf(TransportError);
    const empty = await failure(game.connect({ host: "empty.example" }));
    expect([empty.code, empty.message]).toEqual(["network", 'the name "empty.example" has no address']);
    expect(game.clock.now()).toBe(0);
    await game.end();
  });

  it("is refused by a transport that resolves none, and the message says what is wanted", async () => {
    const game = new GameNetwork();
    const transport: DatagramTransport = game.network.createTransport();
    Object.defineProperty(transport, "resolve", { value: undefined });
    const error = await failure(game.connect({ host: "play.example", transport }));
    expect(error.code).toBe("network");
    expect(error.message).toMatch(/"host" expected an IP address .*, got "play\.example"/);
    await game.end();
  });

  it("whose name service hangs ends by the timeout, or when the signal says so", async () => {
    const game = new GameNetwork();
    const hanging = (): DatagramTransport => {
      const transport = game.network.createTransport();
      Object.defineProperty(transport, "resolve", { value: () => new Promise(() => {}) });
      return transport;
    };
    const error = await failure(game.connect({ host: "play.example", transport: hanging(), timeoutMs: 700 }));
    expect([error.code, error.message]).toEqual(["timeout", 'the name "play.example" was not resolved within 700 ms']);
    expect(game.clock.now()).toBe(700);
    const controller = new AbortController();
    const { signal } = controller;
    const attempt = failure(connect(game.clientOptions({ host: "play.example", transport: hanging(), signal })));
    await game.run(100);
    controller.abort(new Error("left"));
    const aborted = await attempt;
    expect(aborted.code).toBe("aborted");
    expect((aborted.cause as Error).message).toBe("left");
    assertNoLeaks({ clock: game.clock });
    await game.end();
  });
});

describe("connect", () => {
  it("with a signal that has said so already sends nothing", async () => {
    const game = new GameNetwork();
    const seen = recordDatagrams(game.network);
    const error = await failure(connect(game.clientOptions({ signal: AbortSignal.abort("no") })));
    expect([error.code, error.cause]).toEqual(["aborted", "no"]);
    expect(seen).toEqual([]);
    await game.end();
  });

  it("given up before the server answered leaves nothing, whenever that is", async () => {
    for (const afterMs of [0, 15, 35, 55, 65]) {
      const game = new GameNetwork({ link: { latencyMs: 10 } });
      await game.listen();
      const controller = new AbortController();
      const attempt = connect(game.clientOptions({ signal: controller.signal })).then(
        (client) => client.close().then(() => "in"),
        (error: ConnectError) => error.code,
      );
      await game.run(afterMs);
      controller.abort();
      expect(await game.settle(attempt)).toBe(afterMs < 60 ? "aborted" : "in");
      await game.run(12_000);
      expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0 });
      await game.end();
    }
  });

  it("over a socket that does not open fails at once, with what the transport said", async () => {
    const game = new GameNetwork();
    const transport = game.network.createTransport({ host: "10.0.0.5", port: 7 });
    const taken = game.network.createTransport({ host: "10.0.0.5", port: 7 });
    await taken.open({ onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} });
    const error = await failure(game.connect({ transport }));
    expect(error.code).toBe("network");
    expect(error.message).toMatch(/the socket could not be opened: port 7 .* is in use/);
    expect((error.cause as TransportError).code).toBe("address-in-use");
    expect(game.clock.now()).toBe(0);
    await game.end();
  });

  it("over a socket that takes long to open ends by the timeout, or when the signal says so", async () => {
    const game = new GameNetwork();
    const slow = (closesAtOnce = true): DatagramTransport => {
      const transport = game.network.createTransport();
      const opening = new Promise((_, reject) => {
        const giveUp = (): void => reject(new TransportError("closed", "closed while it was opened"));
        // Another one waits for its opening, which nothing ends.
        const close = closesAtOnce ? () => Promise.resolve(giveUp()) : () => opening;
        Object.defineProperty(transport, "close", { value: close });
      });
      opening.catch(() => {}); // of one that was not even opened
      Object.defineProperty(transport, "open", { value: () => opening });
      return transport;
    };
    const error = await failure(game.connect({ transport: slow(), timeoutMs: 700 }));
    expect([error.code, game.clock.now()]).toEqual(["timeout", 700]);
    expect(error.message).toBe("nothing was sent to 10.0.0.1:1474 within 700 ms: the socket was not open in time");
    const stuck = await failure(game.connect({ transport: slow(false), timeoutMs: 700 }));
    expect([stuck.code, game.clock.now()]).toEqual(["timeout", 1400]);
    const controller = new AbortController();
    const attempt = failure(connect(game.clientOptions({ transport: slow(), signal: controller.signal })));
    await game.run(100);
    controller.abort();
    expect((await attempt).code).toBe("aborted");
    const polled = createClient(game.clientOptions({ transport: slow(), timeoutMs: 700 }));
    await game.run(0);
    for (const nowMs of [50, 250, 450, 650, 749]) polled.update(nowMs);
    expect([polled.state, polled.error]).toEqual(["connecting", undefined]);
    polled.update(750);
    expect([polled.state, polled.error?.code]).toEqual(["closed", "timeout"]);
    const stopped = createClient(game.clientOptions({ transport: slow(), signal: AbortSignal.abort() }));
    stopped.update(50);
    expect([stopped.state, stopped.error?.code]).toEqual(["closed", "aborted"]);
    await game.run(5000); // as long as a close is looked after that never ends
    await game.end();
  });

  it("over a socket that is in use fails, and leaves that to who uses it", async () => {
    const game = new GameNetwork();
    await game.listen();
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    expect((await failure(game.connect({ transport }))).message).toMatch(/the transport is open/);
    const polled = createClient(game.clientOptions({ transport }));
    await game.run(0);
    expect(polled.error?.code).toBe("network");
    await polled.close();
    await createClient(game.clientOptions({ transport })).close();
    const { crypto, identity, clock } = game;
    const unused = new Server({ protocol: PROTOCOL, crypto, identity, clock, transport: game.serverTransport });
    await game.settle(unused.close());
    const second = new Server({ protocol: PROTOCOL, crypto, identity, clock, transport: game.serverTransport });
    await expect(second.listen()).rejects.toMatchObject({ code: "already-open" });
    await game.settle(second.close());
    client.send("all is well", { delivery: "reliable" });
    await game.run(500);
    expect(client.isConnected && client.localAddress !== undefined).toBe(true);
    expect(client.stats.endpoint.packetsInFlight).toBe(0);
    await game.end();
  });

  it("closes the socket when it fails, whatever the reason", async () => {
    const game = new GameNetwork();
    await game.listen();
    const { publicKey } = game.crypto.generateKeyPair();
    for (const options of [{ protocol: "other/1" }, { serverKey: publicKey }, { port: 9, timeoutMs: 200 }]) {
      const transport = game.network.createTransport();
      await failure(game.connect({ ...options, transport }));
      expect(transport.localAddress).toBeUndefined();
    }
    await game.run(12_000);
    await game.end();
  });

  it("takes any server when told to, and only then", async () => {
    const game = new GameNetwork();
    await game.listen();
    const options = { ...game.clientOptions(), serverKey: undefined as never };
    await expect(connect(options)).rejects.toThrow(/"serverKey" expected/);
    game.clients.push(await game.settle(connect({ ...options, dangerouslyTrustAnyServer: true })));
    await game.end();
  });
});

describe("what arrives together with ACCEPT", () => {
  async function greeted(greet: (server: Server<unknown>) => void, tickRate: number): Promise<[GameNetwork, Client]> {
    const game = new GameNetwork({ server: { tickRate } });
    greet(game.server);
    await game.listen();
    return [game, await game.connect()];
  }

  it.each([0, 60])("is not lost: messages wait for the caller's listener (%d ticks a second)", async (tickRate) => {
    const [game, client] = await greeted((server) => {
      server.on("connect", (peer) => {
        for (const word of ["welcome", "to", "the", "game"]) peer.send(word, { delivery: "ordered" });
      });
    }, tickRate);
    await game.run(500);
    const words: string[] = [];
    client.on("message", (message) => words.push(text(message.payload)));
    await game.run(0);
    expect(words).toEqual(["welcome", "to", "the", "game"]);
    await game.end();
  });

  /** Greets, and at the end of the tick sends away. */
  function sendAway(server: Server<unknown>): void {
    server.on("connect", (peer) => {
      peer.send("go away", { delivery: "reliable" });
      peer.flush();
    });
    server.on("tick", () => {
      for (const peer of server.peers.values()) peer.disconnect("closed today");
    });
  }

  it("is not lost: an end waits for the caller's listener, whether messages are listened to or not", async () => {
    const [game, client] = await greeted(sendAway, 1);
    await game.run(3000);
    const codes: string[] = [];
    client.on("disconnect", (reason) => codes.push(reason.code));
    await game.run(0);
    expect(codes).toEqual(["kicked"]);
    await game.end();
  });

  it("is not lost: an end comes after the messages, once", async () => {
    const [game, client] = await greeted(sendAway, 1);
    await game.run(3000);
    expect(client.isConnected).toBe(false);
    const log: string[] = [];
    client.on("disconnect", (reason) => log.push(`${reason.code} ${reason.text}`));
    client.on("message", (message) => log.push(text(message.payload)));
    await game.run(0);
    expect(log).toEqual(["go away", "kicked closed today"]);
    client.on("disconnect", () => log.push("again"));
    await game.run(100);
    expect(log).toHaveLength(2);
    await game.end();
  });
});

describe("a name with many addresses", () => {
  const dead = (count: number): string[] => Array.from({ length: count }, (_, i) => `198.51.100.${i + 1}`);

  it.each([
    [7, true],
    [8, false],
  ])("has eight of them tried: behind %i dead ones the server is found: %s", async (count, found) => {
    const game = new GameNetwork({ names: { "play.example": [...dead(count), "10.0.0.1"] } });
    await game.listen();
    const tried = new Set<string>();
    game.network.tap((_datagram, _from, to) => void tried.add(to.host));
    const attempt = connect(game.clientOptions({ host: "play.example", timeoutMs: 8000 }));
    const outcome = attempt.then(
      (client) => client.isConnected,
      (error: unknown) => (error as ConnectError).code,
    );
    expect(await game.settle(outcome, 10_000)).toBe(found ? true : "timeout");
    expect(tried.has("10.0.0.1")).toBe(found);
    expect([...tried].filter((host) => host.startsWith("198."))).toHaveLength(count);
    if (found) await game.settle((await attempt).close());
    await game.end();
  });
});

describe("a hello that is damaged on its way", () => {
  it.each([
    // Such a REJECT names the client's own version, so that it is dropped: the hello goes again by its timer.
    ["version", 4, 400],
    ["protocol", 5, 200],
  ])("in its %s is refused by the server, and the client asks again and gets in", async (_field, at, withinMs) => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    let damaged = 0;
    game.network.setFilter((datagram, from, to) => {
      if (datagram[0] !== 0x01 || damaged++ > 0) return true;
      const changed = datagram.slice();
      changed[at] = (changed[at] as number) ^ 0x40;
      game.network.inject(changed, from, to);
      return false;
    });
    const client = await game.connect();
    expect(client.isConnected).toBe(true);
    expect(game.server.stats.rejectsSent).toBe(1);
    expect(game.clock.now()).toBeLessThan(withinMs);
    await game.end();
  });

  it("again and again is told by its reason, at the deadline too", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    let rejects = 0;
    // The first REJECT arrives, and nothing after it.
    game.network.setFilter((datagram) => datagram[0] !== 0x04 || rejects++ === 0);
    const error = await failure(game.connect({ protocol: "other/9", timeoutMs: 1000 }));
    expect(error.code).toBe("protocol-mismatch");
    await game.end();
  });
});

describe("a part of the caller's that does not work", () => {
  it("ends the attempt at once, and is the cause; nothing is logged beside it", async () => {
    const game = new GameNetwork();
    await game.listen();
    const { logger, lines } = recordingLogger("debug");
    const createCongestionController = (() => undefined) as never;
    const error = await failure(game.connect({ createCongestionController, logger }));
    expect(error.code).toBe("aborted");
    expect(error.message).toMatch(/was given up: "createCongestionController" expected .+, got .+/);
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(lines).toEqual([]);
    expect(game.clock.now()).toBeLessThan(1000);
    await game.end();
  });
});
