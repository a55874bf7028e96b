import { getEventListeners } from "node:events";
import { connect, type Client, type ConnectError, openSwarm } from "@sortie/client";
import { assertNoLeaks } from "@sortie/testkit";
import type { DatagramTransport } from "@sortie/transport";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

const ATTEMPTS = 50;

const warnings: string[] = [];
const onWarning = ({ name }: Error): void => void warnings.push(name);
let game: GameNetwork;
let controller: AbortController;

beforeEach(() => {
  warnings.length = 0;
  process.on("warning", onWarning);
  game = new GameNetwork({ link: { latencyMs: 10 } });
  controller = new AbortController();
});

afterEach(async () => {
  // Node tells in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
  expect(listeners()).toBe(0);
  await game.end();
});

const listeners = (): number => getEventListeners(controller.signal, "abort").length;

function attempts<T>(begin: () => Promise<T>): Promise<T>[] {
  return Array.from({ length: ATTEMPTS }, begin);
}

/** The codes that all attempts fail with. */
function failures(begun: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const codes = begun.map((attempt) =>
    attempt.then(
      () => "connected",
      ({ code }: ConnectError) => code,
    ),
  );
  return Promise.all(codes);
}

const allAborted = Array<string>(ATTEMPTS).fill("aborted");

function hangingNames(): DatagramTransport {
  const transport = game.network.createTransport();
  Object.defineProperty(transport, "resolve", { value: () => new Promise(() => {}) });
  return transport;
}

describe("one signal for many clients", () => {
  it("aborts all that are connecting, and Node warns of nothing", async () => {
    const { signal } = controller;
    const outcome = failures(attempts(() => connect(game.clientOptions({ signal }))));
    await game.run(100);
    expect(listeners()).toBe(1);
    controller.abort();
    expect(await game.settle(outcome)).toEqual(allAborted);
  });

  it("aborts all that wait for a name", async () => {
    const { signal } = controller;
    const unknown = (): Parameters<typeof connect>[0] =>
      game.clientOptions({ host: "play.example", transport: hangingNames(), signal });
    const outcome = failures([...attempts(() => connect(unknown())), ...attempts(() => openSwarm(unknown(), {}))]);
    await game.run(100);
    expect(listeners()).toBe(1);
    controller.abort();
    expect(await outcome).toEqual([...allAborted, ...allAborted]);
    assertNoLeaks({ clock: game.clock });
  });

  it("is left alone once all are in, and stops those that come after them", async () => {
    const { signal } = controller;
    await game.listen();
    const connected = await game.settle(Promise.all(attempts(() => connect(game.clientOptions({ signal })))));
    game.clients.push(...connected);
    expect(listeners()).toBe(0);
    const nowhere = { port: 1, signal, timeoutMs: 1000 };
    const short = failures([connect(game.clientOptions({ ...nowhere, timeoutMs: 500 }))]);
    const outcome = failures(attempts(() => connect(game.clientOptions(nowhere))));
    // One that ends by itself takes nothing from the others.
    expect(await game.settle(short)).toEqual(["timeout"]);
    expect(listeners()).toBe(1);
    controller.abort();
    expect(await game.settle(outcome)).toEqual(allAborted);
    expect(connected.every((client: Client) => client.isConnected)).toBe(true);
  });
});
