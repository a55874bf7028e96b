import { type Client, type ClientOptions, connect, ConnectError, createClient } from "@sortie/client";
import { Server } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";

const HELD_MS = 5000;

/** A client whose process stands still for 5 s, with 3 s for its attempt: what comes meanwhile waits in its socket. */
async function heldUp(game: GameNetwork, options: Partial<ClientOptions> = {}): Promise<Client | ConnectError> {
  const clock = new HeldClock(game.clock);
  const transport = game.network.createTransport();
  const resolve = transport.resolve.bind(transport);
  transport.resolve = async (host) => {
    await new Promise((done) => void game.clock.setTimer(HELD_MS + 5, () => done(undefined)));
    return resolve(host);
  };
  const attempt = connect(game.clientOptions({ clock, transport, timeoutMs: 3000, ...options })).catch(
    (error: ConnectError) => error,
  );
  await game.run(1);
  clock.hold(HELD_MS - 1);
  transport.setReceiveLink({ latencyMs: HELD_MS });
  await game.run(HELD_MS);
  transport.setReceiveLink({});
  return game.settle(attempt, 10_000);
}

/** A transport that takes so long to open. */
function openingLate(game: GameNetwork, ms: number): NonNullable<ClientOptions["transport"]> {
  const transport = game.network.createTransport();
  const open = transport.open.bind(transport);
  transport.open = async (receiver) => {
    await new Promise((done) => void game.clock.setTimer(ms, () => done(undefined)));
    return open(receiver);
  };
  return transport;
}

describe("an attempt to connect whose process was held up beyond its time", () => {
  it.each(["10.0.0.1", "play.example"])("gets in by what waited meanwhile (%s)", async (host) => {
    const game = new GameNetwork({ link: { latencyMs: 20 }, names: { "play.example": ["10.0.0.1"] } });
    await game.listen();
    const client = await heldUp(game, { host });
    if (client instanceof ConnectError) throw client;
    game.clients.push(client);
    expect(client.isConnected).toBe(true);
    await game.run(6000);
    await game.end();
  });

  it("says so where nothing had come, a second later", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    const error = await heldUp(game);
    expect(error).toMatchObject({ code: "timeout" });
    expect((error as ConnectError).message).toMatch(
      /^no answer from 10\.0\.0\.1:1474 within 3000 ms: is the server .*\? \(this process was held up for 4\d{3} ms\)$/,
    );
    expect(game.clock.now()).toBeLessThan(6100);
    await game.run(6000);
    await game.end();
  });

  it.each([true, false])("says so, or gets in, as a polled client that was not updated (a server: %s)", async (is) => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    if (is) await game.listen();
    const transport = game.network.createTransport();
    const client = createClient(game.clientOptions({ transport, timeoutMs: 3000 }));
    await game.run(1);
    client.update(game.clock.now());
    transport.setReceiveLink({ latencyMs: HELD_MS });
    await game.run(HELD_MS);
    transport.setReceiveLink({});
    for (let frame = 0; frame < 70; frame++) {
      client.update(game.clock.now());
      await game.run(16);
    }
    expect(client.state).toBe(is ? "connected" : "closed");
    if (!is) expect(client.error?.message).toMatch(/let through\? \(update was not called for 4\d{3} ms\)$/);
    await game.settle(client.close());
    await game.run(6000);
    await game.end();
  });

  it("says so as a polled client whose socket had no turn to open, and that was not updated", async () => {
    const game = new GameNetwork();
    const client = createClient(game.clientOptions({ timeoutMs: 3000 }));
    client.update(0);
    client.update(HELD_MS);
    expect(client.state).toBe("connecting");
    client.update(HELD_MS + 1000);
    expect(client.error?.message).toBe(
      "the socket for 10.0.0.1:1474 was not open within 3000 ms (update was not called for 5000 ms)",
    );
    await game.settle(client.close());
    await game.end();
  });

  it("gets in, though it was held up before, as it looked for another server than one that shut down", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 }, server: { authenticate: () => new Promise(() => {}) } });
    await game.listen();
    const { clock, crypto, identity, network } = game;
    const held = new HeldClock(clock);
    const transport = network.createTransport();
    const attempt = connect(game.clientOptions({ clock: held, transport, timeoutMs: 4000 }));
    await game.run(300);
    const { host, port } = game.serverAddress;
    await game.settle(game.server.close(), 3000);
    await game.run(1250 - clock.now());
    held.hold(700);
    await game.run(720);
    const second = new Server<unknown>({
      protocol: PROTOCOL,
      identity,
      crypto,
      clock,
      transport: network.createTransport({ host, port }),
      // While the client stands still.
      authenticate: () =>
        new Promise<{ accept: true }>((done) => void clock.setTimer(3900, () => done({ accept: true }))),
    });
    await game.settle(second.listen());
    await game.run(3800 - clock.now());
    held.hold(3000);
    transport.setReceiveLink({ latencyMs: 3001 });
    await game.run(3001);
    transport.setReceiveLink({});
    const client = await game.settle(attempt, 10_000);
    await game.settle(Promise.all([client.close(), second.close()]), 10_000);
    await game.run(6000);
    await game.end();
  });

  it("is put off once, also where the name was found only then", async () => {
    const game = new GameNetwork({ names: { "play.example": ["10.0.0.1"] } });
    const clock = new HeldClock(game.clock);
    const transport = game.network.createTransport();
    const resolve = transport.resolve.bind(transport);
    transport.resolve = async (host) => {
      await new Promise((done) => void game.clock.setTimer(4900, () => done(undefined)));
      return resolve(host);
    };
    const options = game.clientOptions({ clock, transport, timeoutMs: 3000, host: "play.example" });
    const attempt = connect(options).catch((error: ConnectError) => error.message);
    await game.run(2900);
    clock.hold(1100);
    expect(await game.settle(attempt, 10_000)).toMatch(/let through\? \(this process was held up for 1000 ms\)$/);
    expect(game.clock.now()).toBe(5000);
    await game.end();
  });

  it("is put off once, also where a polled client's socket was open only then", async () => {
    const game = new GameNetwork();
    const transport = openingLate(game, 5700);
    await game.run(100);
    const client = createClient(game.clientOptions({ transport, timeoutMs: 3000 }));
    client.update(100);
    await game.run(4900);
    while (client.state === "connecting") {
      client.update(game.clock.now());
      await game.run(10);
    }
    expect(client.error?.message).toMatch(/let through\? \(update was not called for 4900 ms\)$/);
    expect(game.clock.now()).toBe(6010);
    await game.settle(client.close());
    await game.end();
  });

  it("gets in as a polled client whose socket was open in time, and that was updated only after it", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const client = createClient(game.clientOptions({ transport: openingLate(game, 2995), timeoutMs: 3000 }));
    while (game.clock.now() <= 2980) {
      client.update(game.clock.now());
      await game.run(10);
    }
    // 260 ms after the last look: a frame that took long.
    await game.run(260);
    while (client.state === "connecting") {
      client.update(game.clock.now());
      await game.run(10);
    }
    expect(client.error).toBeUndefined();
    await game.settle(client.close());
    await game.run(5000);
    await game.end();
  });
});

describe("an attempt to connect whose socket is not open in time", () => {
  it("says so, and blames no server", async () => {
    const game = new GameNetwork();
    const attempt = connect(game.clientOptions({ transport: openingLate(game, 4000), timeoutMs: 3000 }));
    const error = await game.settle(attempt.catch((fault: ConnectError) => fault));
    expect(error).toMatchObject({ code: "timeout" });
    expect((error as ConnectError).message).toBe(
      "nothing was sent to 10.0.0.1:1474 within 3000 ms: the socket was not open in time",
    );
    await game.run(5000);
    await game.end();
  });
});
