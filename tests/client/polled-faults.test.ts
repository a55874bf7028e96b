import { createClient, type ClientOptions, connect, type ConnectError, type PolledClient } from "@sortie/client";
import type { CongestionContext } from "@sortie/connection";
import type { CongestionController } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordingLogger } from "../support/recording-logger.js";

/** Lets everything go. */
function generous({ maxRateBytesPerSecond }: CongestionContext): CongestionController {
  return {
    windowBytes: 1_000_000,
    paceBytesPerSecond: maxRateBytesPerSecond,
    bandwidthBytesPerSecond: 0,
    onPacketSent: () => {},
    onPacketAcked: () => {},
    onAck: () => {},
    onPacketsLost: () => {},
    onSpuriousLoss: () => {},
    onPathChanged: () => {},
    canSend: () => true,
    nextSendAt: () => Infinity,
  };
}

/** One whose `method` throws from the moment on that the flag is set. */
function failing(method: keyof CongestionController): { readonly fault: Error; now: boolean; create: Create } {
  const state = { fault: new Error(`mine in ${method}`), now: false, create };
  function create(context: CongestionContext): CongestionController {
    const controller = generous(context);
    const answer = controller[method] as ((...rest: unknown[]) => unknown) | undefined;
    const fail = (...rest: unknown[]): unknown => {
      if (state.now) throw state.fault;
      return answer?.(...rest);
    };
    return Object.assign(controller, { [method]: fail });
  }
  return state;
}

type Create = NonNullable<ClientOptions["createCongestionController"]>;

interface Polled {
  readonly game: GameNetwork;
  readonly client: PolledClient;
  readonly lines: string[];
}

async function polled(options: Partial<ClientOptions>): Promise<Polled> {
  const game = new GameNetwork({ link: { latencyMs: 10 } });
  await game.listen();
  const { logger, lines } = recordingLogger("info");
  const client = createClient(game.clientOptions({ logger, ...options }));
  await game.run(0);
  return { game, client, lines };
}

/** Frames of a game that sends in each; none may throw. */
async function play({ game, client }: Polled, frames: number, delivery: "reliable" | "unreliable"): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    if (client.state === "connected") client.send("x", { delivery });
    client.update(game.clock.now());
    while (client.receive() !== undefined);
    await game.run(16);
  }
}

async function end({ game, client }: Polled): Promise<void> {
  await game.settle(client.close());
  await game.run(20_000);
  await game.end();
}

describe("a polled client whose congestion controller fails", () => {
  it.each(["canSend", "onAck", "onPacketSent", "onPacketAcked", "onFlushInterval"] as const)(
    "in %s is ended, with the words of it as the reason; update does not throw",
    async (method) => {
      const controller = failing(method);
      const all = await polled({ createCongestionController: controller.create });
      await play(all, 30, "reliable");
      expect(all.client.state).toBe("connected");
      controller.now = true;
      await play(all, 30, "reliable");
      expect(all.client.state).toBe("closed");
      expect(all.client.error).toBeUndefined();
      expect(all.client.reason).toEqual({
        code: "internal-error",
        by: "local",
        text: `an exception: mine in ${method}`,
      });
      expect(all.lines.filter((line) => line.startsWith("ERROR"))).toHaveLength(1);
      expect(all.lines.join("\n")).toMatch(`mine in ${method}`);
      expect(all.lines.at(-1)).toMatch(/^INFO disconnected: internal-error /);
      await end(all);
    },
  );

  it("at its timeouts is ended as well", async () => {
    const controller = failing("onPacketsLost");
    const all = await polled({ createCongestionController: controller.create });
    await play(all, 30, "reliable");
    controller.now = true;
    all.game.network.setFilter((_, from) => from.equals(all.game.serverAddress));
    await play(all, 5, "reliable");
    all.game.network.setFilter(undefined);
    await play(all, 60, "unreliable");
    expect(all.client.reason?.text).toBe("an exception: mine in onPacketsLost");
    await end(all);
  });

  it("as it is made has the error, and the fault as its cause", async () => {
    const fault = new Error("mine");
    const all = await polled({
      createCongestionController: () => {
        throw fault;
      },
    });
    await play(all, 30, "reliable");
    expect([all.client.state, all.client.error?.code, all.client.error?.cause]).toEqual(["closed", "aborted", fault]);
    expect(all.client.error?.message).toBe("connecting to 10.0.0.1:1474 was given up: mine");
    expect(all.lines).toHaveLength(1);
    expect(all.lines[0]).toMatch(/^ERROR the client failed\nError: mine/);
    await end(all);
  });

  it("before the server has let it in has the error with its cause too, as one with events has", async () => {
    const controller = failing("onPacketSent");
    controller.now = true;
    const options = { createCongestionController: controller.create };
    const all = await polled(options);
    await play(all, 30, "reliable");
    expect([all.client.error?.code, all.client.error?.cause]).toEqual(["aborted", controller.fault]);
    const attempt = connect(all.game.clientOptions(options)).catch((error: unknown) => error as ConnectError);
    const error = (await all.game.settle(attempt)) as ConnectError;
    expect([error.code, error.cause]).toEqual(["aborted", controller.fault]);
    expect(error.message).toBe("connecting to 10.0.0.1:1474 was given up: mine in onPacketSent");
    await end(all);
  });

  it("while it leaves is closed all the same", async () => {
    const controller = failing("onAck");
    const all = await polled({ createCongestionController: controller.create });
    await play(all, 30, "reliable");
    all.client.send("last", { delivery: "reliable" });
    controller.now = true;
    await all.game.settle(all.client.close());
    expect(all.client.reason?.text).toBe("an exception: mine in onAck");
    await end(all);
  });
});

describe("a client with events whose congestion controller fails", () => {
  it.each(["canSend", "onAck", "nextSendAt"] as const)("in %s is told what failed, in its words", async (method) => {
    const controller = failing(method);
    const game = new GameNetwork({ link: { latencyMs: 10 } });
    await game.listen();
    const create: Create = (context) => Object.assign(controller.create(context), method === "nextSendAt" ? tight : {});
    const client = await game.connect({ createCongestionController: create });
    const heard: string[] = [];
    client.on("error", (error) => heard.push(String(error)));
    client.on("disconnect", ({ code, text }) => heard.push(`${code}: ${text}`));
    await game.run(200);
    controller.now = true;
    client.send("x", { delivery: "reliable" });
    await game.run(5000);
    expect(heard).toEqual([`Error: mine in ${method}`, `internal-error: an exception: mine in ${method}`]);
    await game.run(15_000);
    await game.end();
  });

  it("at a timeout is ended by that, and not left as it is", async () => {
    const controller = failing("onPacketsLost");
    const game = new GameNetwork({ link: { latencyMs: 10 } });
    await game.listen();
    const client = await game.connect({ createCongestionController: controller.create });
    const heard: string[] = [];
    client.on("error", (error) => heard.push(String(error)));
    client.on("disconnect", ({ code, text }) => heard.push(`${code}: ${text}`));
    await game.run(1000);
    controller.now = true;
    // What comes just after it is acknowledged: that it was lost is known a little later, by a timer.
    game.network.setFilter(() => false);
    client.send("lost", { delivery: "unreliable" });
    await game.run(1);
    game.network.setFilter(undefined);
    client.send("heard", { delivery: "reliable" });
    await game.run(1000);
    expect(heard).toEqual(["Error: mine in onPacketsLost", "internal-error: an exception: mine in onPacketsLost"]);
    await game.run(15_000);
    await game.end();
  });
});

/** Lets nothing go by itself. */
const tight = { canSend: () => false };

describe("a polled client with a logger", () => {
  it("tells it that the connection came about and how it ended, as one with events does", async () => {
    const all = await polled({});
    const { game, client, lines } = all;
    const events = recordingLogger("info");
    await game.connect({ logger: events.logger });
    await play(all, 30, "reliable");
    for (const peer of game.server.peers.values()) peer.disconnect("enough");
    await play(all, 30, "reliable");
    const told = lines.map((line) => line.replace(client.sessionId, "ID"));
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/^INFO connected .*10\.0\.0\.1:1474/);
    expect(told[1]).toMatch(/^INFO disconnected: kicked .*enough/);
    const [driven] = game.clients;
    expect(told).toEqual(events.lines.map((line) => line.replace(driven?.sessionId as string, "ID")));
    await end(all);
  });

  it("tells it of its own end too", async () => {
    const all = await polled({});
    await play(all, 30, "reliable");
    await all.game.settle(all.client.close({ reason: "bye" }));
    expect(all.lines.map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
      expect.stringMatching(/^INFO connected/),
      "INFO disconnected: closed",
    ]);
    await end(all);
  });
});
