import type { SendReceipt } from "@sortie/reliability";
import { type BroadcastOptions, type Peer, Server } from "@sortie/server";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { GameNetwork, PROTOCOL, text } from "../support/game-network.js";

let game: GameNetwork;
/** What came, as the client's number and the text. */
let heard: string[];
let peers: [Peer, Peer];

beforeEach(async () => {
  game = new GameNetwork();
  heard = [];
  await game.listen();
  for (let i = 1; i <= 2; i++) {
    const client = await game.connect();
    client.on("message", (message) => heard.push(`${i} ${text(message.payload)}`));
  }
  await game.run(50);
  peers = [...game.server.peers.values()] as [Peer, Peer];
});

afterEach(() => game.end());

/** What came of one broadcast: who heard it, and what it threw. */
async function broadcast(options: unknown): Promise<[accepted: number | string, heard: string[]]> {
  let accepted: number | string;
  try {
    accepted = game.server.broadcast("x", { delivery: "reliable", ...(options as BroadcastOptions<unknown>) });
  } catch (error) {
    accepted = String(error);
  }
  await game.run(100);
  return [accepted, heard.splice(0).sort()];
}

describe("options of a broadcast", () => {
  it.each([
    [null, "null"],
    [5, "5"],
    [true, "true"],
    ["reliable", '"reliable"'],
    [() => ({}), "a function"],
    [[], "an array"],
    [Promise.resolve({ delivery: "reliable" }), "a promise"],
  ])("that are %s are refused, as those of send are, and nobody hears it", async (options, got) => {
    const expected = new TypeError(`"options" expected an object, got ${got}`);
    expect(() => game.server.broadcast("x", options as never)).toThrow(expected);
    expect(() => peers[0].send("x", options as never)).toThrow(/"options" expected an object, got/);
    await game.run(100);
    expect(heard).toEqual([]);
  });

  it("that reject later end no process, nor do payloads and peers that nobody awaited", async () => {
    const failing = (): never => Promise.reject(new Error("the database is away")) as never;
    const [peer] = peers;
    expect(() => game.server.broadcast("x", failing())).toThrow("got a promise");
    expect(() => peer.send("x", failing())).toThrow("got a promise");
    expect(() => game.server.broadcast(failing())).toThrow("got a promise");
    expect(() => peer.send(failing())).toThrow("got a promise");
    expect(() => game.server.broadcast("x", { to: failing() })).toThrow('"to" expected a peer');
    // Node tells of a rejection that nobody takes after the promises' turn, and the run fails.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it("may be left out, or undefined", () => {
    expect([game.server.broadcast("x"), game.server.broadcast("x", undefined)]).toEqual([2, 2]);
  });
});

describe("those that a broadcast names", () => {
  it("are not everybody where the lookup of one found nothing, and nobody is left out then", async () => {
    const byName = new Map([["bob", peers[1]]]);
    const wrong = 'TypeError: "to" expected a peer or peers, got undefined: leave it out to send to all';
    expect(await broadcast({ to: byName.get("ann") })).toEqual([wrong, []]);
    expect(await broadcast({ to: byName.get("ann"), except: byName.get("bob") })).toEqual([wrong, []]);
    expect(await broadcast({ to: [] })).toEqual([0, []]);
    expect(await broadcast({ except: byName.get("ann") })).toEqual([2, ["1 x", "2 x"]]);
    expectTypeOf<{ to: undefined }>().not.toExtend<BroadcastOptions<unknown>>();
  });

  it("may be named more than once, and hear it once", async () => {
    const [first, second] = peers;
    expect(await broadcast({ to: [first, first, second, first] })).toEqual([2, ["1 x", "2 x"]]);
    expect(await broadcast({ to: [first, first], except: [second, second] })).toEqual([1, ["1 x"]]);
  });

  it("are all looked at before anybody hears it", async () => {
    const wrong = 'TypeError: "to" expected peers only, got number among them';
    expect(await broadcast({ to: [peers[0], 5] })).toEqual([wrong, []]);
  });

  it.each<[what: string, except: () => unknown, expected: string]>([
    ["the map of peers", () => game.server.peers, "peers only, got an array among them"],
    ["a peer's ID", () => [peers[0].id], "peers only, got number among them"],
    ["a text", () => "abc", "a peer or an iterable of peers, got string"],
    ["nothing among them", () => [peers[0], undefined], "peers only, got undefined among them"],
  ])("as left out are peers: with %s nobody hears what some were not to", async (_, except, expected) => {
    expect(await broadcast({ except: except() })).toEqual([`TypeError: "except" expected ${expected}`, []]);
  });

  it("are this server's own, connected or gone", async () => {
    const other = new Server({
      protocol: PROTOCOL,
      identity: game.identity,
      crypto: game.crypto,
      clock: game.clock,
      transport: game.network.createTransport({ host: "10.0.0.9", port: 1474 }),
    });
    await game.settle(other.listen());
    const client = await game.connect({ host: "10.0.0.9" });
    client.on("message", (message) => heard.push(`other ${text(message.payload)}`));
    await game.run(50);
    const [theirs] = [...other.peers.values()] as [Peer];
    for (const option of ["to", "except"]) {
      const expected = `TypeError: "${option}" expected peers of this server, got another's`;
      expect(await broadcast({ [option]: theirs })).toEqual([expected, []]);
      expect(await broadcast({ [option]: [peers[0], theirs] })).toEqual([expected, []]);
    }
    await game.settle(other.close());
    peers[0].disconnect();
    await game.run(500);
    expect(await broadcast({ to: peers })).toEqual([1, ["2 x"]]);
    expect(await broadcast({ except: peers[0] })).toEqual([1, ["2 x"]]);
  });
});

describe("onReceipt of a broadcast", () => {
  it("hears for each peer, before the broadcast returns, what send would have returned", async () => {
    const receipts: [peer: Peer, receipt: SendReceipt][] = [];
    const onReceipt = (peer: Peer, receipt: SendReceipt): void => void receipts.push([peer, receipt]);
    expect(game.server.broadcast("x", { delivery: "reliable", onReceipt })).toBe(2);
    expect(receipts.map(([peer, { accepted, refusal }]) => [peer, accepted, refusal])).toEqual([
      [peers[0], true, undefined],
      [peers[1], true, undefined],
    ]);
    await game.run(200);
    expect(await Promise.all(receipts.map(([, { outcome }]) => outcome))).toEqual(["acked", "acked"]);
    expect(heard.sort()).toEqual(["1 x", "2 x"]);
  });

  it("tells who missed a reliable message, and why; those left out are not asked about", () => {
    const [first, second] = peers;
    while (first.send(new Uint8Array(60_000), { delivery: "reliable" }).accepted);
    const missed: string[] = [];
    const onReceipt = (peer: Peer, { refusal }: SendReceipt): void => void missed.push(`${peer.id} ${refusal}`);
    const large = new Uint8Array(60_000);
    expect(game.server.broadcast(large, { delivery: "reliable", onReceipt })).toBe(1);
    expect(missed.splice(0)).toEqual([`${first.id} queue-full`, `${second.id} undefined`]);
    expect(game.server.broadcast(large, { delivery: "reliable", except: first, onReceipt })).toBe(1);
    expect(missed.splice(0)).toEqual([`${second.id} undefined`]);
    first.disconnect("too slow");
    expect(game.server.broadcast("x", { delivery: "reliable", to: [first, second], onReceipt })).toBe(1);
    expect(missed).toEqual([`${first.id} closed`, `${second.id} undefined`]);
  });

  it.each<[what: string, fail: () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("a bug");
      },
    ],
    ["rejects", () => Promise.reject(new Error("a bug"))],
  ])("that %s is reported with the peer, and the others get the message", async (_, fail) => {
    const errors: string[] = [];
    game.server.on("error", (error, peer) => errors.push(`${(error as Error).message} ${peer?.id}`));
    const onReceipt = fail as () => void;
    expect(await broadcast({ onReceipt })).toEqual([2, ["1 x", "2 x"]]);
    expect(errors.sort()).toEqual(["a bug 1", "a bug 2"]);
    expect(game.server.stats.listenerErrors).toBe(2);
  });

  it("may send, broadcast and send away: every peer of the moment is asked about once", async () => {
    const asked: string[] = [];
    const onReceipt = (peer: Peer, { accepted }: SendReceipt): void => {
      asked.push(`${peer.id} ${accepted}`);
      for (const other of game.server.peers.values()) other.send("aside", { delivery: "reliable" });
      game.server.broadcast("inner", { delivery: "reliable", except: peer });
      game.server.flush();
      if (peer === peers[0]) peers[1].disconnect("enough");
    };
    expect(game.server.broadcast("x", { delivery: "reliable", onReceipt })).toBe(2);
    expect(asked).toEqual(["1 true", "2 true"]);
    await game.run(200);
    expect(heard.filter((line) => line.startsWith("1 ")).sort()).toEqual(["1 aside", "1 aside", "1 inner", "1 x"]);
  });

  it.each([
    [5, "5"],
    [null, "null"],
    [{}, "an object"],
    [Promise.resolve(), "a promise"],
  ])("that is %s is refused, and nobody hears it", async (onReceipt, got) => {
    expect(await broadcast({ onReceipt })).toEqual([`TypeError: "onReceipt" expected a function, got ${got}`, []]);
  });

  it("sends in one order to everybody, whatever is sent within", async () => {
    const onReceipt = (): void => {
      game.server.broadcast("inner", { delivery: "ordered" });
    };
    game.server.broadcast("x", { delivery: "ordered", onReceipt });
    await game.run(200);
    for (const id of [1, 2]) {
      expect(heard.filter((line) => line.startsWith(`${id} `))).toEqual([`${id} x`, `${id} inner`, `${id} inner`]);
    }
  });

  it("is told of where it is misspelt", async () => {
    const [error, told] = await broadcast({ onreceipt: () => {} });
    expect(error).toBe('TypeError: "options" expected "onReceipt", got "onreceipt"');
    const [other] = await broadcast({ excpet: [] } as object);
    expect(other).toMatch(/^TypeError: "options" expected only .* to, except, onReceipt, got "excpet"$/);
    expect(told).toEqual([]);
  });

  it("leaves a server of some data a server", () => {
    const playing = game.server as unknown as Server<{ readonly name: string }>;
    const any: Server = playing;
    playing.broadcast("x", { onReceipt: (peer) => void peer.data });
    expect(any.peers.size).toBe(2);
  });
});
