import { connect } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";

describe("a client whose process was held up", () => {
  it("takes its path for no dead one: what the server answered waits in the socket", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const clock = new HeldClock(game.clock);
    const transport = game.network.createTransport();
    const client = await game.settle(connect(game.clientOptions({ clock, transport })));
    game.clients.push(client);
    await game.run(500);
    const port = client.localAddress?.port;
    client.send("on its way", { delivery: "reliable" });
    await game.run(1);
    clock.hold(6000);
    transport.setReceiveLink({ latencyMs: 6005 });
    await game.run(6001);
    transport.setReceiveLink({});
    await game.run(1000);
    expect(client.localAddress?.port).toBe(port);
    expect(client.isConnected).toBe(true);
    expect(client.rttMs).toBeLessThan(60);
    // What was sent late in the pause takes so long.
    await game.run(6000);
    await game.end();
  });

  it("while it connects, reads its answer from the port that it asked from", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    const clock = new HeldClock(game.clock);
    const transport = game.network.createTransport();
    const connecting = connect(game.clientOptions({ clock, transport }));
    await game.run(1);
    const port = transport.localAddress?.port;
    clock.hold(6000);
    transport.setReceiveLink({ latencyMs: 6005 });
    await game.run(6001);
    transport.setReceiveLink({});
    await game.run(1000);
    const client = await game.settle(connecting);
    game.clients.push(client);
    expect(client.localAddress?.port).toBe(port);
    await game.run(6000);
    await game.end();
  });
});
