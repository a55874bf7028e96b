import type { DisconnectReason } from "@sortie/connection";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** Lets one client in and sends it away in "connect"; what both sides are told, in order. */
async function sentAway(
  tickRate: number,
  how: "kick" | "close" | "drain",
  lost: (ordinal: number) => boolean = () => false,
): Promise<{ server: string[]; client: string[] }> {
  const game = new GameNetwork({ link: { latencyMs: 20 }, server: { tickRate } });
  const told = { server: [] as string[], client: [] as string[] };
  game.server.on("connect", (peer) => {
    told.server.push("connect");
    if (how === "kick") peer.disconnect("banned");
    else void game.server.close({ reason: "bye", drainMs: how === "drain" ? 1000 : 0 });
  });
  game.server.on("disconnect", (_peer, reason) => told.server.push(`disconnect ${reason.code}`));
  await game.listen();
  let fromServer = 0;
  // The first two datagrams of the server are RETRY and SERVER_HELLO.
  game.network.setFilter((_datagram, from) => !from.equals(game.serverAddress) || !lost(fromServer++ - 2));
  const client = await game.connect();
  told.client.push("connect");
  client.on("disconnect", ({ code, text }: DisconnectReason) => told.client.push(`disconnect ${code} ${text}`));
  await game.run(10_000);
  await game.end();
  return told;
}

describe.each([0, 60])("a client that is let in and sent away at once, tickRate %i", (tickRate) => {
  it.each([
    ["kick", "disconnect kicked", "disconnect kicked banned"],
    ["close", "disconnect shutting-down", "disconnect shutting-down bye"],
    ["drain", "disconnect shutting-down", "disconnect shutting-down bye"],
  ] as const)("was connected, on both sides (%s)", async (how, server, client) => {
    const told = await sentAway(tickRate, how);
    expect(told).toEqual({ server: ["connect", server], client: ["connect", client] });
  });

  it("was connected too when the first datagram that says so is lost", async () => {
    const told = await sentAway(tickRate, "kick", (ordinal) => ordinal === 0);
    expect(told.client).toEqual(["connect", "disconnect kicked banned"]);
  });
});
