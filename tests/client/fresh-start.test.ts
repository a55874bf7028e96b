import { type Client, connect, type ConnectError, createClient, openSwarm } from "@sortie/client";
import { type CryptoProvider, type Identity, identityOf, type KeyPair } from "@sortie/handshake";
import { type AuthenticateResult, Server, type ServerOptions } from "@sortie/server";
import { DatagramBatch, type DatagramTransport, SocketAddress } from "@sortie/transport";
import { datagramKind, HandshakeType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL, text } from "../support/game-network.js";

const ADDRESS = { host: "10.0.0.9", port: 9 };
const ELSEWHERE = SocketAddress.parse("10.0.0.8", 9);
const NEVER = new Promise<never>(() => {});

/** A game at an address where one server follows the other. */
class Place {
  readonly game: GameNetwork;
  readonly asked: string[] = [];

  constructor(latencyMs: number = 20) {
    this.game = new GameNetwork({ link: { latencyMs } });
  }

  /** A server there; those with the same key are the same to clients. */
  async open(
    name: string,
    answer: () => AuthenticateResult<unknown> | Promise<never>,
    identity: Identity = this.game.identity,
  ) {
    const { game } = this;
    const { crypto, clock } = game;
    const transport = game.network.createTransport(ADDRESS);
    const authenticate: ServerOptions["authenticate"] = () => {
      this.asked.push(name);
      return answer();
    };
    const server = new Server({ protocol: PROTOCOL, crypto, identity, clock, transport, authenticate });
    await game.settle(server.listen());
    return { server, transport };
  }

  /** The server's process is killed: its socket is gone without a word. */
  async kill({ server, transport }: { server: Server; transport: DatagramTransport }): Promise<void> {
    await this.game.settle(transport.close());
    void server.close().catch(() => undefined);
  }

  /** An attempt whose first server shuts down while it decides. */
  async turnedAway(reason: string): Promise<{ readonly attempt: Promise<Client> }> {
    const { game } = this;
    const { server } = await this.open("first", () => NEVER);
    const attempt = connect(game.clientOptions(ADDRESS));
    attempt.catch(() => {});
    await game.run(500);
    await game.settle(server.close({ reason }), 20_000);
    return { attempt };
  }

  async end(...servers: Server[]): Promise<void> {
    const { game } = this;
    await game.settle(Promise.all(servers.map((server) => server.close({ leaveMs: 0 }))), 20_000);
    await game.run(30_000);
    await game.end();
  }
}

/** Where the network puts what is given no address. */
const CLIENT = "10.0.0.2";
const RESET_BYTES = 41;

/** In the form of a stateless reset. */
function resetOf(connectionId: number): Uint8Array {
  const bytes = new Uint8Array(RESET_BYTES).fill(7);
  bytes[0] = 0x40;
  new DataView(bytes.buffer).setUint32(1, connectionId);
  return bytes;
}

function isReset(datagram: Uint8Array): boolean {
  return datagram.length === RESET_BYTES && datagram.at(-1) === 7;
}

/** How an attempt ended, and when. */
async function outcome(game: GameNetwork, attempt: Promise<unknown>): Promise<[what: string, atMs: number]> {
  const what = await game.settle(
    attempt.then(
      () => "in",
      (error: ConnectError) => `${error.code}: ${error.reason ?? error.message}`,
    ),
    60_000,
  );
  return [what, game.clock.now()];
}

describe("a client in front of a server that restarts while it decides", () => {
  it("begins anew and is in, long before its time is over", async () => {
    const place = new Place();
    const { game } = place;
    const first = await place.open("first", () => NEVER);
    const attempt = connect(game.clientOptions(ADDRESS));
    await game.run(1500);
    await place.kill(first);
    const killedAtMs = game.clock.now();
    const { server } = await place.open("second", () => ({ accept: true }));
    const [what, atMs] = await outcome(game, attempt);
    expect([what, place.asked]).toEqual(["in", ["first", "second"]]);
    // A second of silence, the next CONNECT and its reset, and a handshake.
    expect(atMs - killedAtMs).toBeLessThan(1600);
    const client: Client = await attempt;
    const heard: string[] = [];
    server.on("message", (_peer, { payload }) => void heard.push(text(payload)));
    client.send("hello", { delivery: "reliable" });
    await game.run(200);
    expect([server.stats.peers, heard]).toEqual([1, ["hello"]]);
    await game.settle(client.close());
    await place.end(server);
  });

  it("does so polled, and as one of a swarm, which then hears of a later restart as well", async () => {
    const place = new Place();
    const { game } = place;
    const first = await place.open("first", () => NEVER);
    const polled = createClient(game.clientOptions(ADDRESS));
    const told: string[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions(ADDRESS), {
        onConnect: () => told.push("in"),
        onDisconnect: (_client, { code }) => told.push(code),
      }),
    );
    swarm.add();
    const play = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms / 20; i++) {
        polled.update(game.clock.now());
        await game.run(20);
      }
    };
    await play(1500);
    await place.kill(first);
    const second = await place.open("second", () => ({ accept: true }));
    await play(1800);
    expect([polled.state, told, place.asked]).toEqual(["connected", ["in"], ["first", "first", "second", "second"]]);
    await place.kill(second);
    const third = await place.open("third", () => ({ accept: true }));
    await play(5000);
    expect([polled.state, told]).toEqual(["closed", ["in", "server-restarted"]]);
    await game.settle(Promise.all([polled.close(), swarm.close()]), 20_000);
    await place.end(third.server);
  });

  it("T48 goes on asking if the answer names another one, comes from elsewhere, or the server speaks", async () => {
    const place = new Place();
    const { game } = place;
    const { server, transport } = await place.open("only", () => NEVER);
    const attempt = connect(game.clientOptions({ ...ADDRESS, timeoutMs: 8000 })).catch((error: ConnectError) => error);
    await game.run(200);
    let id = 0;
    let hellos = 0;
    let isSilent = false;
    let clientAt: SocketAddress | undefined;
    game.network.setFilter((datagram, from) => {
      const isHandshake = datagramKind(datagram[0] as number) === "handshake";
      if (from.host !== CLIENT) return !isSilent || isHandshake || isReset(datagram);
      clientAt = from;
      if (isHandshake) hellos += 1;
      else id = new DataView(datagram.buffer, datagram.byteOffset).getUint32(1);
      return true;
    });
    await game.run(300);
    hellos = 0;
    const other = game.network.createTransport({ host: "10.0.0.8", port: 9 });
    const ignore = { onDatagram: () => true, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} };
    await game.settle(other.open(ignore));
    const say = (from: DatagramTransport, connectionId: number): void => {
      const batch = new DatagramBatch({ capacity: 1 });
      batch.buffer.set(resetOf(connectionId), batch.reserve());
      batch.commit(RESET_BYTES, clientAt as SocketAddress);
      from.send(batch);
    };
    // The server acknowledges CONNECT.
    for (let i = 0; i < 20; i++) {
      say(transport, id);
      await game.run(100);
    }
    isSilent = true;
    for (let i = 0; i < 20; i++) {
      say(transport, id ^ 1);
      say(other, id);
      await game.run(100);
    }
    expect([hellos, place.asked]).toEqual([0, ["only"]]);
    // As one that has restarted does: a first hello, and one with its cookie.
    say(transport, id);
    await game.run(100);
    expect(hellos).toBe(2);
    isSilent = false;
    await game.run(300);
    expect(place.asked).toEqual(["only", "only"]);
    await game.settle(attempt, 10_000);
    await game.settle(other.close());
    await place.end(server);
  });

  it.each(["restarts", "shuts down"])("ends by what its own provider throws as it begins anew (%s)", async (how) => {
    const place = new Place();
    const { game } = place;
    const first = await place.open("first", () => NEVER);
    let isBroken = false;
    const generateKeyPair = (): KeyPair => {
      if (isBroken) throw new Error("no entropy");
      return game.crypto.generateKeyPair();
    };
    const crypto = Object.assign(Object.create(game.crypto) as CryptoProvider, { generateKeyPair });
    const attempt = connect(game.clientOptions({ ...ADDRESS, crypto }));
    attempt.catch(() => {});
    await game.run(1500);
    isBroken = true;
    const fromMs = game.clock.now();
    if (how === "restarts") await place.kill(first);
    else await game.settle(first.server.close(), 20_000);
    const { server } = await place.open("second", () => ({ accept: true }));
    const [what, atMs] = await outcome(game, attempt);
    expect(what).toBe("aborted: connecting to 10.0.0.9:9 was given up: no entropy");
    expect(atMs - fromMs).toBeLessThan(1600);
    await place.end(server);
  });
});

describe("a client whose server agreed on keys, restarted, and then said nothing", () => {
  it.each(["a cookie", "spoilt hellos", "from elsewhere"])(
    "does not fail by what the server said before (%s)",
    async (before) => {
      const place = new Place();
      const { game } = place;
      const first = await place.open("first", () => NEVER);
      let spoilt = 0;
      let isSilent = false;
      game.network.setFilter((datagram, from, to) => {
        if (from.host === CLIENT) return true;
        if (before === "from elsewhere" && !isSilent) game.network.inject(datagram.slice(), ELSEWHERE, to);
        if (before === "spoilt hellos" && spoilt < 2 && datagram[0] === HandshakeType.ServerHello) {
          datagram[datagram.length - 1]! ^= 1;
          spoilt += 1;
        }
        return !isSilent || datagramKind(datagram[0] as number) !== "handshake";
      });
      const attempt = connect(game.clientOptions({ ...ADDRESS, timeoutMs: 6000 }));
      await game.run(1500);
      await place.kill(first);
      const second = await place.open("second", () => NEVER);
      isSilent = true;
      const what = (await outcome(game, attempt))[0];
      expect(what).toMatch(/^timeout: no answer from 10\.0\.0\.9:9 within 6000 ms: is the server running/);
      expect(place.asked).toEqual(["first"]);
      await place.end(second.server);
    },
  );
});

describe("a client in front of a server that shuts down while it decides", () => {
  it("is let in by who has the address then, as another worker of a cluster", async () => {
    const place = new Place();
    const { game } = place;
    const { attempt } = await place.turnedAway("an update");
    const second = await place.open("second", () => ({ accept: true }));
    const [what, atMs] = await outcome(game, attempt);
    expect([what, place.asked]).toEqual(["in", ["first", "second"]]);
    expect(atMs).toBeLessThan(2000);
    await game.settle(attempt.then((client) => client.close()));
    await place.end(second.server);
  });

  it.each([0, 60_000])(
    "hears within a second, in the server's words, that there is nobody else (leaveMs %i)",
    async (leaveMs) => {
      const place = new Place();
      const { game } = place;
      const answers: (() => void)[] = [];
      const pending = (): Promise<never> =>
        new Promise((done) => void answers.push(() => (done as (answer: unknown) => void)({ accept: true })));
      const { server } = await place.open("only", () => (place.asked.length === 1 ? { accept: true } : pending()));
      // While somebody may still take leave, newcomers are turned away.
      await game.connect(ADDRESS);
      const fromMs = game.clock.now();
      const attempt = connect(game.clientOptions({ ...ADDRESS, timeoutMs: 60_000 }));
      await game.run(500);
      void server.close({ leaveMs, reason: "an update" });
      for (const answer of answers) answer();
      const [what, atMs] = await outcome(game, attempt);
      expect(what).toBe("rejected: an update");
      expect(atMs - fromMs).toBeLessThan(500 + 1200);
      await place.end(server);
    },
  );

  it("hears what the next one says of it, and has the whole time for that", async () => {
    for (const [reason, code] of [
      ["banned for cheating", "refused"],
      ["no seat is free", "server-full"],
    ] as const) {
      const place = new Place();
      const { game } = place;
      const { attempt } = await place.turnedAway("an update");
      const slow = new Promise<never>((done) => {
        const refuse = (): void => (done as (answer: unknown) => void)({ accept: false, reason, code });
        game.clock.setTimer(game.clock.now() + 3000, refuse);
      });
      const { server } = await place.open("second", () => slow);
      const [what] = await outcome(game, attempt);
      expect(what).toBe(`${code === "refused" ? "rejected" : code}: ${reason}`);
      await place.end(server);
    }
  });

  it("asks once: the second that shuts down has the last word", async () => {
    const place = new Place();
    const { game } = place;
    const { attempt } = await place.turnedAway("the first");
    const second = await place.open("second", () => NEVER);
    await game.run(500);
    await game.settle(second.server.close({ reason: "the second" }), 20_000);
    const third = await place.open("third", () => ({ accept: true }));
    const [what] = await outcome(game, attempt);
    expect([what, place.asked]).toEqual(["rejected: the second", ["first", "second"]]);
    await place.end(third.server);
  });

  it("is let in over a path of 700 ms too", async () => {
    const place = new Place(350);
    const { game } = place;
    const first = await place.open("first", () => NEVER);
    const attempt = connect(game.clientOptions(ADDRESS));
    await game.run(3000);
    void first.server.close({ reason: "an update" });
    await game.run(340);
    await game.settle(first.transport.close());
    const second = await place.open("second", () => ({ accept: true }));
    expect((await outcome(game, attempt))[0]).toBe("in");
    await game.settle(attempt.then((client) => client.close()));
    await place.end(second.server);
  });

  it("does not blame another server that it saw before the true one", async () => {
    const place = new Place();
    const { game } = place;
    const wrong = await place.open("wrong", () => NEVER, identityOf(game.crypto.generateKeyPair()));
    const attempt = connect(game.clientOptions(ADDRESS));
    attempt.catch(() => {});
    await game.run(300);
    await place.kill(wrong);
    const right = await place.open("right", () => NEVER);
    await game.run(1500);
    await game.settle(right.server.close({ reason: "an update" }), 20_000);
    expect([(await outcome(game, attempt))[0], place.asked]).toEqual(["rejected: an update", ["right"]]);
    await place.end();
  });
});
