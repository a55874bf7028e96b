import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSwarm } from "@sortie/client";
import { createServer, generateIdentity } from "sortie";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProcess, type BuiltProcess } from "../support/built-process.js";
import { GameNetwork, text } from "../support/game-network.js";

/** ms. A process starts, perhaps on a machine with other work. */
const PATIENCE_MS = 60_000;

describe("a client that leaves", () => {
  it.each([0, 1000])("has told the server by the time it is told of its end (drainMs %i)", async (drainMs) => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const heard: string[] = [];
    game.server.on("disconnect", (_peer, reason) => heard.push(reason.text));
    const client = await game.connect();
    await game.run(500);
    // What comes after it is lost, as if the process had ended.
    client.on("disconnect", () => game.network.setFilter(() => false));
    client.send("last words", { delivery: "reliable" });
    const leaving = client.close({ drainMs, reason: "bye" });
    await game.run(500);
    expect(heard).toEqual(["bye"]);
    await game.settle(leaving);
    await game.end();
  });

  it("of a swarm has done so, too", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const heard: string[] = [];
    game.server.on("disconnect", (_peer, reason) => heard.push(reason.text));
    const swarm = await game.settle(
      openSwarm(game.clientOptions(), {
        // What comes after it is lost, as if the process had ended.
        onDisconnect: () => game.network.setFilter(() => false),
      }),
    );
    const client = swarm.add();
    await game.run(500);
    client.send("last words", { delivery: "reliable" });
    client.close({ reason: "bye", drainMs: 1000 });
    await game.run(500);
    expect(heard).toEqual(["bye"]);
    await game.settle(swarm.close());
    await game.run(12_000);
    await game.end();
  });
});

describe("a process that ends when its client is told of its end", () => {
  let built: BuiltProcess;

  beforeAll(async () => {
    built = await buildProcess(new URL("processes/leaving.ts", import.meta.url));
  }, PATIENCE_MS);

  afterAll(() => built.remove());

  it.each(["client", "swarm"])(
    "has said why it leaves (%s)",
    async (kind) => {
      const server = createServer({ protocol: "leaving/1", identity: generateIdentity(), port: 0, host: "127.0.0.1" });
      const messages: string[] = [];
      server.on("message", (_peer, message) => messages.push(text(message.payload)));
      const { port } = await server.listen();
      const left = once(server as never, "disconnect").then(([, reason]) => reason as { code: string; text: string });
      const child = spawn(process.execPath, [built.path, String(port), kind], { stdio: "inherit" });
      const [code] = (await once(child, "exit")) as [number | null];
      const endedAtMs = performance.now();
      expect(code).toBe(7);
      expect(await left).toMatchObject({ code: "closed", text: "bye" });
      // Far less than the idle timeout of ten seconds, after which it would be told of all the same.
      expect(performance.now() - endedAtMs).toBeLessThan(5000);
      expect(messages).toEqual(["last words"]);
      await server.close();
    },
    PATIENCE_MS,
  );
});
