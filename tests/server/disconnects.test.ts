import { type ClientOptions, connect, type ConnectError } from "@sortie/client";
import { DISCONNECT_CODES, type DisconnectCode, type DisconnectReason } from "@sortie/connection";
import { Server, type ServerOptions } from "@sortie/server";
import { ConnectionPair, type ConnectionPairOptions } from "@sortie/testkit";
import { DeliveryCode, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { message, packetOf } from "../support/hostile-frames.js";
import { closeReason } from "../support/pair-reading.js";

type Told = Pick<DisconnectReason, "code" | "text" | "by"> | undefined;

/** What each side is told of one end. */
interface Ending {
  readonly server: Told;
  /** A client that never was connected has the error of `connect`. */
  readonly client: Told | ConnectError;
}

const MAX_PACKET_NUMBER = 2 ** 48 - 1;

/** A game whose one client is connected, and then something happens. */
async function ofGame(
  happens: (game: GameNetwork, client: Awaited<ReturnType<GameNetwork["connect"]>>) => Promise<void> | void,
): Promise<Ending> {
  const game = new GameNetwork({ link: { latencyMs: 20 } });
  let server: Told;
  let client: Told;
  game.server.on("disconnect", (_peer, reason) => (server = reason));
  await game.listen();
  const joined = await game.connect();
  joined.on("disconnect", (reason) => (client = reason));
  await game.run(100);
  await happens(game, joined);
  await game.run(20_000);
  await game.end();
  return { server, client };
}

/** A client that is not let in; the server's side is in its access log. */
async function ofRefusal(options: Partial<ServerOptions>, attempts: Partial<ClientOptions>[] = [{}]): Promise<Ending> {
  let server: Told;
  const onAccess: ServerOptions["onAccess"] = ({ event, code = "", text = "" }) => {
    if (event === "refuse" || event === "fail") server = { code: code as DisconnectCode, text, by: "local" };
  };
  // What `authenticate` throws has a listener.
  const game = new GameNetwork({ link: { latencyMs: 20 }, server: { ...options, onAccess } });
  game.server.on("error", () => {});
  await game.listen();
  const tries = attempts.map((attempt) =>
    connect(game.clientOptions(attempt)).then(
      (client) => void game.clients.push(client),
      (error: ConnectError) => error,
    ),
  );
  const results = await game.settle(Promise.all(tries), 60_000);
  await game.end();
  return { server, client: results.find((error) => error !== undefined) as ConnectError };
}

/** Two connections, of which one breaks a rule or reaches a limit. */
function ofPair(happens: (pair: ConnectionPair) => void, options: Partial<ConnectionPairOptions> = {}): Ending {
  const pair = new ConnectionPair({ seed: 3, link: { latencyMs: 20 }, ...options });
  pair.runUntil(() => pair.client.state === "connected", 5000);
  pair.run(100);
  happens(pair);
  pair.run(30_000);
  return { server: closeReason(pair.server), client: closeReason(pair.client) };
}

/** How each code comes about. The compiler asks for every one of them. */
const ENDINGS: Readonly<Record<DisconnectCode, () => Ending | Promise<Ending>>> = {
  closed: () => ofGame((_game, client) => void client.close()),
  "shutting-down": () => ofGame((game) => void game.server.close()),
  refused: () => ofRefusal({ authenticate: () => ({ accept: false, reason: "no ticket" }) }),
  "server-full": () =>
    ofRefusal(
      {
        maxPeers: 1,
        // Both are half-open before the first takes the one slot.
        authenticate: () => new Promise((resolve) => void Promise.resolve().then(() => resolve({ accept: true }))),
      },
      [{}, {}],
    ),
  kicked: () => ofGame((game) => game.server.peers.get(1)?.disconnect()),
  timeout: () => ofGame((game) => game.network.setFilter(() => false)),
  "handshake-timeout": () =>
    ofRefusal({ handshakeTimeoutMs: 500, authenticate: () => new Promise(() => {}) }, [{ timeoutMs: 5000 }]),
  "protocol-error": () => ofPair((pair) => pair.injectForged("client", 5000, Uint8Array.of(0xff))),
  "flow-control": () =>
    ofPair(
      (pair) => {
        const payload = new Uint8Array(1300);
        // The client did not send this itself: acknowledgements of it would be a fault of the server's.
        pair.interceptor = (datagram, to) =>
          to === "client" && pair.server.state === "connected" ? undefined : datagram;
        for (let id = 0; id < 600; id++) {
          pair.injectForged("client", 5000 + id, packetOf(message(DeliveryCode.Reliable, 0, id, payload)));
        }
      },
      { serverParameters: { maxMessageBytes: 64 * 1024, receiveWindowBytes: 64 * 1024 } },
    ),
  "key-limit": () =>
    ofPair(
      (pair) => {
        for (let i = 0; i < 400 && pair.client.state === "connected"; i++) {
          pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
          pair.run(10);
        }
      },
      { initialPacketNumber: MAX_PACKET_NUMBER - 200 },
    ),
  "internal-error": () =>
    ofRefusal({
      authenticate: () => {
        throw new Error("the database is gone");
      },
    }),
  "server-restarted": () =>
    ofGame(async (game, client) => {
      // The server loses its network and is replaced by another one with its key.
      game.network.setFilter((_datagram, from) => !from.equals(game.serverAddress));
      await game.settle(game.server.close(), 10_000);
      game.network.setFilter(undefined);
      const transport = game.network.createTransport({ host: "10.0.0.1", port: 1474 });
      const { identity, crypto, clock } = game;
      const second = new Server({ protocol: "test/1", identity, crypto, transport, clock });
      await game.settle(second.listen());
      client.send("anyone there?");
      await game.run(500);
      await game.settle(second.close());
    }),
  network: () => ofPair((pair) => pair.client.abort({ code: "network", by: "local", text: "the cable" }, pair.nowMs)),
};

/** What each side says, in this order: server, client. */
const EXPECTED: Readonly<Record<DisconnectCode, readonly [server: string, client: string]>> = {
  closed: ["remote closed: closed by the application", "local closed: closed by the application"],
  "shutting-down": [
    "local shutting-down: the server is shutting down",
    "remote shutting-down: the server is shutting down",
  ],
  refused: ["local refused: no ticket", "rejected: 10.0.0.1:1474 refused: no ticket"],
  "server-full": [
    "local server-full: the server is full",
    "server-full: 10.0.0.1:1474 has no free slot: try again later",
  ],
  kicked: ["local kicked: the server told the client to go", "remote kicked: the server told the client to go"],
  timeout: ["local timeout: nothing heard for 10000 ms", "local timeout: nothing heard for 10000 ms"],
  "handshake-timeout": [
    "local handshake-timeout: the handshake took too long",
    "timeout: 10.0.0.1:1474 did not complete the handshake in time",
  ],
  "protocol-error": [
    "local protocol-error: malformed packet: unknown-frame",
    "remote protocol-error: malformed packet: unknown-frame",
  ],
  "flow-control": ["local flow-control: credit-exceeded", "remote flow-control: credit-exceeded"],
  "key-limit": ["remote key-limit: packet numbers are used up", "local key-limit: packet numbers are used up"],
  "internal-error": [
    "local internal-error: the server could not check the credentials",
    "rejected: 10.0.0.1:1474 refused: the server could not check the credentials",
  ],
  "server-restarted": [
    "local shutting-down: the server is shutting down",
    "remote server-restarted: the server knows this connection no longer: it restarted, or gave the connection up",
  ],
  network: ["local timeout: nothing heard for 10000 ms", "local network: the cable"],
};

function said(told: Told | ConnectError): string {
  if (told === undefined) return "nothing";
  return told instanceof Error ? `${told.code}: ${told.message}` : `${told.by} ${told.code}: ${told.text}`;
}

describe("an end of a connection has a code and a text on both sides", () => {
  it.each(DISCONNECT_CODES)("%s", async (code) => {
    const { server, client } = await ENDINGS[code]();
    expect([said(server), said(client)]).toEqual(EXPECTED[code]);
  });
});
