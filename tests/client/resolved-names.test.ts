import { type ClientOptions, connect, type ConnectError, createClient } from "@sortie/client";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

function over(game: GameNetwork, resolve: () => unknown): ClientOptions {
  const transport = game.network.createTransport();
  Object.defineProperty(transport, "resolve", { value: resolve });
  return game.clientOptions({ host: "play.example", transport });
}

describe("what a transport resolves a name to", () => {
  it.each<[unknown, string]>([
    ["10.0.0.1", 'an array of IP addresses, got "10.0.0.1"'],
    [undefined, "an array of IP addresses, got undefined"],
    [null, "an array of IP addresses, got null"],
    [{ address: "10.0.0.1" }, "an array of IP addresses, got an object"],
    [["10.0.0.1", "nope"], 'IP addresses, got "nope" among them'],
    [[5], "IP addresses, got 5 among them"],
    [[null], "IP addresses, got null among them"],
    [[["10.0.0.1"]], "IP addresses, got an array among them"],
    [["10.0.0.1:1474"], 'IP addresses, got "10.0.0.1:1474" among them'],
  ])("is refused where it is %j", async (given, expected) => {
    const game = new GameNetwork();
    const message = `"transport" expected resolve() to give ${expected}`;
    const attempt = connect(over(game, () => Promise.resolve(given)));
    const error = await game.settle(attempt.catch((thrown: unknown) => thrown as ConnectError));
    expect(error).toMatchObject({ name: "ConnectError", code: "network", message });
    expect((error as ConnectError).cause).toEqual(new TypeError(message));
    const polled = createClient(over(game, () => given));
    await game.run(0);
    expect(polled.error).toMatchObject({ code: "network", message });
    await game.end();
  });

  it("is not asked for an address whose zone says nothing, and is for one of a link", async () => {
    const game = new GameNetwork();
    const asked: string[] = [];
    const sentTo: string[] = [];
    for (const host of ["2001:db8::1%eth0", "::1%lo", "fe80::1%eth0", "febf::1%1"]) {
      const transport = game.network.createTransport();
      const resolve = (name: string): Promise<string[]> => {
        asked.push(name);
        return Promise.resolve([name]);
      };
      Object.defineProperty(transport, "resolve", { value: resolve });
      const send = transport.send.bind(transport);
      transport.send = (batch) => {
        sentTo.push(String(batch.addresses[0]));
        return send(batch);
      };
      const attempt = connect(game.clientOptions({ host, transport, timeoutMs: 100 }));
      const error = await game.settle(attempt.catch((thrown: unknown) => thrown as ConnectError));
      expect((error as ConnectError).message).toContain(`no answer from [${host}]:1474 within 100 ms`);
    }
    expect(asked).toEqual(["fe80::1%eth0", "febf::1%1"]);
    expect(sentTo).toEqual(["[2001:db8::1]:1474", "[::1]:1474", "[fe80::1%eth0]:1474", "[febf::1%1]:1474"]);
    await game.end();
  });

  it("is taken where it is given at once, without a promise", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.connectWith(over(game, () => ["10.0.0.1"]));
    expect(client.isConnected).toBe(true);
    await game.end();
  });

  it("is not looked at beyond the eight that are tried", async () => {
    const game = new GameNetwork();
    await game.listen();
    const many = [...Array<string>(8).fill("10.0.0.1"), "nope"];
    const client = await game.connectWith(over(game, () => many));
    expect(client.isConnected).toBe(true);
    await game.end();
  });
});
