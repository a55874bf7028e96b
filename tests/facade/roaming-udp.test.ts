import { describe, expect, it } from "vitest";
import { NatProxy } from "../support/nat-proxy.js";
import { echo, UdpGame } from "../support/udp-game.js";

describe("a change of address over UDP", () => {
  it("by a NAT that forgets: nothing is noticed", async () => {
    const game = await UdpGame.listening();
    const nat = new NatProxy(game.port);
    const client = await game.connect({ port: await nat.listen() });
    expect(await echo(client, "one")).toBe("one");
    const peer = [...game.server.peers.values()][0];
    const ports = new Set([peer?.address.port]);
    for (let move = 1; move <= 3; move++) {
      nat.forget();
      expect(await echo(client, `again ${move}`)).toBe(`again ${move}`);
      // The answer to the challenge follows the word; a second word finds the server there.
      expect(await echo(client, `settled ${move}`)).toBe(`settled ${move}`);
      ports.add(peer?.address.port);
    }
    expect(ports.size).toBe(4);
    expect(peer?.stats.migrations).toBe(3);
    await game.end();
    await nat.close();
  });

  it("by the client itself, when nothing passes for its old socket any more", async () => {
    const game = await UdpGame.listening();
    const nat = new NatProxy(game.port);
    const client = await game.connect({ port: await nat.listen() });
    expect(await echo(client, "one")).toBe("one");
    const port = client.localAddress?.port;
    nat.kill();
    // Reliable: comes about 2.5 s later, by the new socket.
    expect(await echo(client, "two")).toBe("two");
    expect(nat.swallowed).toBeGreaterThan(0);
    expect(client.localAddress?.port).not.toBe(port);
    expect(game.server.peers.size).toBe(1);
    await game.end();
    await nat.close();
  });

  it("raises the size of datagrams to what loopback carries", async () => {
    const game = await UdpGame.listening();
    const client = await game.connect();
    for (let i = 0; i < 50 && client.stats.mtuBytes < 1452; i++) await echo(client, `${i}`);
    expect(client.stats.mtuBytes).toBe(1452);
    await game.end();
  });
});
