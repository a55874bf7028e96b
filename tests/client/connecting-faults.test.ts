import { type ClientOptions, connect, type ConnectError, createClient } from "@sortie/client";
import { type DatagramReceiver, DatagramBatch, TransportError } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordingLogger } from "../support/recording-logger.js";

const NO_ANSWER = "no answer from 10.0.0.1:1474 within 600 ms";
const FAILED = `${NO_ANSWER}: the transport failed meanwhile, last with: `;

function fail(): never {
  throw new Error("ENETDOWN mine");
}

function failure(game: GameNetwork, options: Partial<ClientOptions>): Promise<ConnectError> {
  const attempt = connect(game.clientOptions({ timeoutMs: 600, ...options }));
  const error = attempt.then(
    () => {
      throw new Error("expected a ConnectError, got a client");
    },
    (thrown: unknown) => thrown as ConnectError,
  );
  return game.settle(error, 60_000);
}

/** A transport that tells of a fault of its whole socket 50 ms after it was opened. */
function telling(game: GameNetwork, error: TransportError): MemoryTransport {
  const transport = game.network.createTransport();
  const open = transport.open.bind(transport);
  transport.open = (receiver: DatagramReceiver) => {
    game.clock.setTimer(game.clock.now() + 50, () => receiver.onError(error));
    return open(receiver);
  };
  return transport;
}

describe("an attempt to connect whose transport fails", () => {
  it.each<[string, () => unknown, string]>([
    ["throws", fail, "ENETDOWN mine"],
    ["rejects", () => Promise.reject(new Error("ENETDOWN mine")), "ENETDOWN mine"],
  ])("as its send %s names that when its time is up, and logs nothing beside it", async (_, send, text) => {
    const game = new GameNetwork();
    await game.listen();
    const { logger, lines } = recordingLogger("debug");
    const transport = game.network.createTransport();
    transport.send = send as never;
    const error = await failure(game, { transport, logger });
    expect([error.code, error.message]).toEqual(["timeout", FAILED + text]);
    expect((error.cause as Error).message).toBe(text);
    expect(lines).toEqual([]);
    await game.end();
  });

  it.each([true, false])("as it counts sends that it was not allowed names that (all of them: %s)", async (all) => {
    const game = new GameNetwork();
    const transport = game.network.createTransport();
    let sent = 0;
    let refused = 0;
    Object.defineProperty(transport, "statistics", { get: () => ({ sendErrors: refused, tooLarge: 0 }) });
    const send = transport.send.bind(transport);
    transport.send = (batch) => {
      if (all || sent++ === 0) refused += 1;
      return send(batch);
    };
    const error = await failure(game, { transport });
    const hint = all
      ? "nothing could be sent: is there a route to it, does a firewall of this machine forbid it?"
      : "is the server running, the port right, UDP let through?";
    expect([error.code, error.message]).toEqual(["timeout", `${NO_ANSWER}: ${hint}`]);
    await game.end();
  });

  it.each([400, 600, 3000])(
    "says nothing of the kind where one of two addresses was sent to (%i ms)",
    async (timeoutMs) => {
      const game = new GameNetwork({ names: { "play.example": ["2001:db8::9", "10.0.0.77"] } });
      const transport = game.network.createTransport();
      let refused = 0;
      Object.defineProperty(transport, "statistics", { get: () => ({ sendErrors: refused, tooLarge: 0 }) });
      const send = transport.send.bind(transport);
      transport.send = (batch) => {
        if (batch.addresses[0]?.family === 6) refused += 1;
        return send(batch);
      };
      const error = await failure(game, { host: "play.example", transport, timeoutMs });
      expect(error.message).toContain("is the server running");
      expect(refused).toBeGreaterThan(0);
      await game.end();
    },
  );

  it("as its acquireBatch throws names that", async () => {
    const game = new GameNetwork();
    const { logger, lines } = recordingLogger("debug");
    const transport = game.network.createTransport();
    transport.acquireBatch = fail;
    const error = await failure(game, { transport, logger });
    expect([error.code, error.message, lines]).toEqual(["timeout", `${FAILED}ENETDOWN mine`, []]);
    await game.end();
  });

  it("as a whole, by its own account, names that", async () => {
    const game = new GameNetwork();
    const { logger, lines } = recordingLogger("debug");
    const fault = new TransportError("permission", "blocked by policy");
    const error = await failure(game, { transport: telling(game, fault), logger });
    expect([error.code, error.message, lines]).toEqual(["timeout", `${FAILED}blocked by policy`, []]);
    expect(error.cause).toBe(fault);
    await game.end();
  });

  it("in several ways names the last, and logs the others, each once", async () => {
    const game = new GameNetwork();
    const { logger, lines } = recordingLogger("debug");
    const transport = telling(game, new TransportError("permission", "blocked by policy"));
    transport.send = fail;
    const error = await failure(game, { transport, logger });
    expect(error.message).toBe(`${FAILED}ENETDOWN mine`);
    expect(lines).toEqual([expect.stringMatching(/^WARN while connecting: blocked by policy/)]);
    await game.end();
  });

  it("and is given up by its signal logs what failed", async () => {
    const game = new GameNetwork();
    const { logger, lines } = recordingLogger("debug");
    const controller = new AbortController();
    game.clock.setTimer(game.clock.now() + 300, () => controller.abort());
    const transport = game.network.createTransport();
    transport.send = fail;
    const error = await failure(game, { transport, logger, signal: controller.signal });
    expect(error.code).toBe("aborted");
    expect(lines).toEqual([expect.stringMatching(/^WARN while connecting: ENETDOWN mine/)]);
    await game.end();
  });

  it("by ever new words is logged 16 times", async () => {
    const game = new GameNetwork();
    const { logger, lines } = recordingLogger("debug");
    const transport = game.network.createTransport();
    let count = 0;
    transport.send = () => {
      throw new Error(`fault ${++count}`);
    };
    const error = await failure(game, { transport, logger, timeoutMs: 20_000 });
    expect(error.message).toContain(`last with: fault ${count}`);
    expect(count).toBeGreaterThan(20);
    expect(lines.filter((line) => line.includes("while connecting: "))).toHaveLength(16);
    await game.end();
  });

  it("for a while, and gets in, has that logged before it is in; faults after that go to its listeners", async () => {
    const game = new GameNetwork();
    await game.listen();
    const { logger, lines } = recordingLogger("debug");
    const transport = game.network.createTransport();
    const send = transport.send.bind(transport);
    let left = 2;
    transport.send = (batch) => (left-- > 0 ? fail() : send(batch));
    const client = await game.connect({ transport, logger });
    expect(lines).toEqual([
      expect.stringMatching(/^WARN while connecting: ENETDOWN mine/),
      expect.stringMatching(/^INFO connected/),
    ]);
    const errors: string[] = [];
    client.on("error", (error) => errors.push((error as Error).message));
    left = 1;
    client.send("x", { delivery: "reliable" });
    await game.run(1000);
    expect([errors, lines.length]).toEqual([["ENETDOWN mine"], 2]);
    await game.end();
  });

  it("before the server answered is not why it does not accept", async () => {
    const game = new GameNetwork({ server: { authenticate: () => new Promise(() => {}) } });
    await game.listen();
    const transport = game.network.createTransport();
    const send = transport.send.bind(transport);
    let left = 1;
    transport.send = (batch) => (left-- > 0 ? fail() : send(batch));
    const error = await failure(game, { transport });
    expect([error.code, error.cause]).toEqual(["timeout", undefined]);
    expect(error.message).toBe("10.0.0.1:1474 did not accept the connection within 600 ms");
    await game.run(20_000);
    await game.end();
  });

  it("after the server answered may be", async () => {
    const game = new GameNetwork({ server: { authenticate: () => new Promise(() => {}) } });
    await game.listen();
    const fault = new TransportError("permission", "blocked by policy");
    const error = await failure(game, { transport: telling(game, fault) });
    expect([error.code, error.cause]).toEqual(["timeout", fault]);
    const late = "10.0.0.1:1474 did not accept the connection within 600 ms";
    expect(error.message).toBe(`${late}: the transport failed meanwhile, last with: blocked by policy`);
    await game.run(20_000);
    await game.end();
  });

  it("has the same error where it is polled", async () => {
    for (const make of [
      (game: GameNetwork) => telling(game, new TransportError("permission", "ENETDOWN mine")),
      (game: GameNetwork) => Object.assign(game.network.createTransport(), { send: fail }),
      (game: GameNetwork) => Object.assign(game.network.createTransport(), { acquireBatch: fail }),
      (game: GameNetwork) => Object.assign(game.network.createTransport(), { send: () => Promise.reject(fault()) }),
    ]) {
      const game = new GameNetwork();
      const client = createClient(game.clientOptions({ transport: make(game), timeoutMs: 600 }));
      await game.run(0);
      for (let frame = 0; frame < 50; frame++) {
        client.update(game.clock.now());
        await game.run(16);
      }
      expect(client.error?.message).toMatch(/the transport failed meanwhile, last with: .*ENETDOWN mine$/);
      expect(client.error?.cause).toBeInstanceOf(Error);
      await game.settle(client.close());
      await game.end();
    }
  });
});

function fault(): Error {
  return new Error("ENETDOWN mine");
}

describe("a transport whose batches are too small", () => {
  const TOO_SMALL = '"transport" expected batches with room for 1452 bytes, got 1451';

  function small(game: GameNetwork): MemoryTransport {
    return game.network.createTransport({ slotBytes: 1451 });
  }

  it("is named as soon as it is open, by connect and by a polled client, and closed", async () => {
    const game = new GameNetwork();
    await game.listen();
    const transport = small(game);
    const error = await failure(game, { transport });
    const message = `the socket could not be opened: ${TOO_SMALL}`;
    expect(error).toMatchObject({ code: "network", message, cause: new TypeError(TOO_SMALL) });
    const other = small(game);
    const polled = createClient(game.clientOptions({ transport: other }));
    await game.run(0);
    expect(polled.error).toMatchObject({ code: "network", message });
    expect([game.clock.now(), transport.localAddress, other.localAddress]).toEqual([0, undefined, undefined]);
    await game.end();
  });

  it("of just the size that is needed is taken", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connect({ transport: game.network.createTransport({ slotBytes: 1452 }) });
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("is named by a polled client also where it gives the first one later", async () => {
    const game = new GameNetwork();
    const transport = game.network.createTransport();
    const batches: DatagramBatch[] = [];
    transport.acquireBatch = () => batches[0];
    const client = createClient(game.clientOptions({ transport, timeoutMs: 600 }));
    await game.run(0);
    batches.push(new DatagramBatch({ slotBytes: 1451 }));
    for (let frame = 0; frame < 50; frame++) {
      client.update(game.clock.now());
      await game.run(16);
    }
    expect(client.error?.message).toContain(TOO_SMALL);
    await game.settle(client.close());
    await game.end();
  });
});
