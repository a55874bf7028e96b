import { connect } from "@sortie/client";
import { ReliableEndpoint } from "@sortie/reliability";
import type { SocketAddress } from "@sortie/transport";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("T18 a hello that is repeated once its client was heard", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([true, false])("T18l costs no handshake, though the packet with CONNECT had room: %s", async (hasRoom) => {
    vi.spyOn(ReliableEndpoint.prototype, "canAccept").mockReturnValue(hasRoom);
    const authenticate = () => new Promise<never>(() => undefined);
    const game = new GameNetwork({ link: { latencyMs: 10 }, server: { authenticate } });
    await game.listen();
    const hellos: (readonly [Uint8Array, SocketAddress, SocketAddress])[] = [];
    game.network.setFilter((datagram, from, to) => {
      if (to.port === 1474 && datagram.length === 1200) hellos.push([datagram.slice(), from, to]);
      return true;
    });
    const attempt = connect(game.clientOptions({ timeoutMs: 3000 })).catch((error: unknown) => error);
    await game.run(300);
    const asBefore = { handshakes: 1, halfOpen: 1, pendingAuthenticateCalls: 1 };
    expect(game.server.stats).toMatchObject(asBefore);
    // The last one has the cookie.
    const hello = hellos.findLast(([datagram]) => datagram[0] === hellos[0]?.[0][0]);
    for (let i = 0; i < 5 && hello !== undefined; i++) game.network.inject(...hello);
    await game.run(50);
    expect(hellos.length).toBeGreaterThan(1);
    expect(game.server.stats).toMatchObject(asBefore);
    await game.settle(attempt, 60_000);
    await game.end();
  });
});
