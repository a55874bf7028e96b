import { connect } from "node:net";
import { createMetrics, createMetricsListener } from "@sortie/metrics";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** Ports, and connections to them, that keep this process alive. */
function keeping(): number {
  return process.getActiveResourcesInfo().filter((what) => what === "TCPServerWrap" || what === "TCPSocketWrap").length;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((done) => setTimeout(done, 20));
  expect(condition()).toBe(true);
}

describe("a metrics listener whose server has closed", () => {
  it("keeps no process alive that has nothing else to do, and answers as long as there is one", async () => {
    const game = new GameNetwork();
    const metrics = createMetrics(game.server, { clock: game.clock });
    const listener = createMetricsListener(metrics, { port: 0 });
    const before = keeping();
    const { host, port } = await listener.listen();
    const status = async (path: string): Promise<number> => {
      const headers = { connection: "close" };
      const answer = await fetch(`http://${host}:${port}${path}`, { headers });
      await answer.text();
      return answer.status;
    };
    // Before its server listens, too, which may load a world first.
    await new Promise((done) => setTimeout(done, 600));
    expect(keeping()).toBe(before + 1);
    await game.listen();
    await new Promise((done) => setTimeout(done, 600));
    const open = connect(port, host).unref();
    await until(() => keeping() === before + 2);

    await game.settle(game.server.close());
    await until(() => keeping() === before);
    expect([await status("/healthz"), await status("/readyz")]).toEqual([200, 503]);
    await until(() => keeping() === before);
    open.destroy();
    await listener.close();
    metrics.close();
    await game.end();
  });
});
