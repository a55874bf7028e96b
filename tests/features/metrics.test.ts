import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("metrics", () => {
  it("count packets and bytes each way, in total and by second, and agree on both sides", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20, loss: 0.1 } });
    game.server.on("message", (peer, message) => peer.send(message.payload));
    await game.listen();
    const client = await game.connect();
    for (let i = 0; i < 600; i++) {
      client.send(new Uint8Array(100));
      await game.run(1000 / 60);
    }
    const { stats } = client;
    const peer = game.server.peers.get(1);
    const uplink = game.network.link(client.localAddress as never, game.serverAddress).statistics;
    expect(peer?.stats.packetsReceived).toBeLessThan(stats.packetsSent);
    expect(stats.loss).toBeGreaterThan(0.03);
    expect(stats.loss).toBeLessThan(0.2);
    expect(stats.rttMs).toBeGreaterThan(39);
    expect(stats.rttMs).toBeLessThan(70);
    expect(stats.rttMinMs).toBeLessThanOrEqual(stats.rttMs);
    const second = stats.seconds[0];
    expect(second?.packetsSent).toBeGreaterThanOrEqual(55);
    expect(second?.packetsSent).toBeLessThanOrEqual(75);
    expect(second?.bytesSent).toBeGreaterThan(55 * 127);
    expect(stats.seconds).toHaveLength(10);
    // The handshake's datagrams belong to no connection.
    expect(uplink.offered).toBeGreaterThanOrEqual(stats.packetsSent);
    expect(uplink.offered - stats.packetsSent).toBeLessThanOrEqual(20);
    expect(stats.endpoint.messagesSent[0]).toBe(600);
    await game.end();
  });

  it("tell of the server: peers, handshakes, drops by reason, ticks", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connect();
    await game.run(5000);
    game.network.inject(new Uint8Array(1), client.localAddress as never, game.serverAddress);
    game.network.inject(new Uint8Array(300).fill(0xff), client.localAddress as never, game.serverAddress);
    await game.run(50);
    const { peers, handshakes, retriesSent, drops, ticks, transport } = game.server.stats;
    expect({ peers, handshakes, retriesSent }).toEqual({ peers: 1, handshakes: 1, retriesSent: 1 });
    expect(drops["unknown-type"]).toBe(1);
    expect(drops["too-short"] + drops["unknown-type"]).toBe(2);
    expect(ticks?.ticks).toBeGreaterThan(290);
    expect(ticks?.lateP99Ms).toBeLessThan(1);
    expect(transport.datagramsReceived).toBeGreaterThan(5);
    await game.end();
  });

  it.each(["server", "client"])("follow the path at a %s that only listens", async (listener) => {
    const game = new GameNetwork({ link: { latencyMs: 5 } });
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    const peer = [...game.server.peers.values()][0]!;
    const [talker, heard] = listener === "server" ? [client, peer] : [peer, client];
    const play = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds * 30; i++) {
        talker.send(new Uint8Array(30));
        await game.run(1000 / 30);
      }
    };
    await play(5);
    expect(heard.rttMs).toBeLessThan(60);
    expect(heard.quality).toBe("good");
    game.network.setDefaultLink({ latencyMs: 200, loss: 0.05 });
    await play(12);
    expect(heard.rttMs).toBeGreaterThan(330);
    expect(heard.quality).toBe("poor");
    expect(heard.stats.receiveLoss).toBeGreaterThan(0.01);
    expect(talker.stats.loss).toBeGreaterThan(0.01);
    await game.end();
  });

  it("grade the connection, with an event when the grade changes", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    const grades: string[] = [];
    game.server.on("quality", (peer, quality) => grades.push(`server ${peer.id} ${quality}`));
    await game.listen();
    const client = await game.connect();
    client.on("quality", (quality) => grades.push(`client ${quality}`));
    const play = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds * 20; i++) {
        client.send("x");
        game.server.broadcast("y");
        await game.run(50);
      }
    };
    await play(3);
    expect(client.quality).toBe("good");
    game.network.setDefaultLink({ latencyMs: 150 });
    await play(5);
    expect(client.quality).toBe("poor");
    game.network.setDefaultLink({ latencyMs: 20 });
    await play(15);
    expect(client.quality).toBe("good");
    expect(grades.filter((grade) => grade === "client poor")).toHaveLength(1);
    expect(grades.filter((grade) => grade === "server 1 poor")).toHaveLength(1);
    await game.end();
  });
});
