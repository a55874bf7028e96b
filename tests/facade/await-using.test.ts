import { openSwarm } from "@sortie/client";
import { connect, createClient, createServer, createUdpTransport, generateIdentity } from "sortie";
import { describe, expect, it } from "vitest";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

const PROTOCOL = "scope/1";
const HOST = "127.0.0.1";
const identity = generateIdentity();
const SERVER = { protocol: PROTOCOL, identity, host: HOST, port: 0, tickRate: 0 };
const TARGET = { protocol: PROTOCOL, host: HOST, serverKey: identity.publicKey };

describe("a scope with `await using`", () => {
  it("closes the client and then the server at its end, and delivers what is reliable before", async () => {
    const news: string[] = [];
    let port = 0;
    {
      await using server = createServer(SERVER);
      server.on("message", (_, { payload }) => news.push(new TextDecoder().decode(payload)));
      server.on("disconnect", (_, { code, by }) => news.push(`peer: ${code} by ${by}`));
      ({ port } = await server.listen());
      await using client = await connect({ ...TARGET, port });
      client.on("disconnect", ({ code, by }) => news.push(`client: ${code} by ${by}`));
      client.send("bye", { delivery: "reliable" });
    }
    expect(news.sort()).toEqual(["bye", "client: closed by local", "peer: closed by remote"]);
    // The port is free again.
    await using second = createServer({ ...SERVER, port });
    expect((await second.listen()).port).toBe(port);
  });

  it("closes the server where the scope throws", async () => {
    const server = createServer(SERVER);
    const scope = async (): Promise<void> => {
      await using _ = server;
      await server.listen();
      throw new Error("a fault of the game");
    };
    await expect(scope()).rejects.toThrow("a fault of the game");
    await expect(server.listen()).rejects.toThrow("closed");
  });

  it("closes polled clients and swarms", async () => {
    await using server = createServer(SERVER);
    const { port } = await server.listen();
    const polled = createClient({ ...TARGET, port });
    const transport = createUdpTransport();
    const swarm = await openSwarm({ ...TARGET, port, transport, crypto: createSeededNodeCrypto(1) }, {});
    {
      await using _ = polled;
      await using __ = swarm;
    }
    expect(polled.state).toBe("closed");
    expect(() => swarm.add()).toThrow("closed");
  });
});
