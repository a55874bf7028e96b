import { type ConnectionState, isLegalTransition } from "@sortie/connection";
import { PairAddress } from "@sortie/testkit";
import { CloseCode, HandshakeType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { CLOSING, drain, flushing, handshakeOf, OPEN, Recorded, type Role, STAGES } from "../support/recorded-lives.js";
import { recordDatagrams } from "../support/recorder.js";
import { documentedTransitions, nameOf, type Transition } from "../support/transition-table.js";

const ROLES: readonly Role[] = ["client", "server"];

const documented: Readonly<Record<Role, ReadonlySet<string>>> = {
  client: new Set(documentedTransitions("client").map(nameOf)),
  server: new Set(documentedTransitions("server").map(nameOf)),
};
/** What the lifecycles below went through. */
const seen: Readonly<Record<Role, Set<string>>> = { client: new Set(), server: new Set() };

/** Replays recorded changes of state: each follows the one before, and stands in the document. */
function replay(role: Role, recorded: readonly Transition[]): void {
  let state = recorded[0]?.from;
  for (const transition of recorded) {
    expect(transition.from).toBe(state);
    expect(documented[role]).toContain(nameOf(transition));
    seen[role].add(nameOf(transition));
    state = transition.to;
  }
}

/** Runs both sides to their end, and replays what they did. */
function finish(recorded: Recorded, ms = 30_000): void {
  recorded.finish(ms);
  for (const role of ROLES) {
    const transitions = recorded.transitions(role);
    expect(transitions.at(-1)?.to).toBe("closed");
    replay(role, transitions);
  }
}

/** Lets a client try to connect, and replays what it sent. */
async function attempt(game: GameNetwork, options: Parameters<GameNetwork["connect"]>[0] = {}): Promise<Transition[]> {
  const datagrams = recordDatagrams(game.network);
  const failed = await game.connect(options).then(
    () => false,
    () => true,
  );
  const transitions = handshakeOf(datagrams, 1474, failed);
  replay("client", transitions);
  if (datagrams.some(({ datagram }) => datagram[0] === HandshakeType.ServerHello)) {
    replay("server", [{ from: "", event: "client-hello", to: "awaiting-connect" }]);
  }
  return transitions;
}

describe("recorded lives against the tables of docs/PROTOCOL.md", () => {
  it("the code's own table of states is that of the document", () => {
    const pairs = new Set<string>();
    const states = new Set<string>();
    for (const role of ROLES) {
      for (const { from, to } of documentedTransitions(role)) {
        if (["", "hello-sent", "retry"].includes(from)) continue;
        pairs.add(`${from} ${to}`);
        states.add(from).add(to);
      }
    }
    for (const from of states) {
      for (const to of states) {
        const legal = isLegalTransition(from as ConnectionState, to as ConnectionState);
        expect(`${from} ${to} ${legal}`).toBe(`${from} ${to} ${pairs.has(`${from} ${to}`)}`);
      }
    }
  });

  it.each(OPEN)("%s (%s): the application closes", (_stage, role, make) => {
    const recorded = make();
    recorded.pair[role].close(CloseCode.Normal, "bye", recorded.pair.nowMs);
    finish(recorded);
  });

  it.each(OPEN)("%s (%s): the other side closes", (_stage, role, make) => {
    const recorded = make();
    const { pair } = recorded;
    pair.interceptor = undefined;
    pair[role === "client" ? "server" : "client"].close(CloseCode.Refused, "no", pair.nowMs);
    finish(recorded);
  });

  it.each(STAGES)("%s (%s): the socket is gone", (_stage, role, make) => {
    const recorded = make();
    recorded.pair[role].abort({ code: "network", by: "local", text: "gone" }, recorded.pair.nowMs);
    finish(recorded);
  });

  it.each(OPEN)("%s (%s): the other side breaks the protocol", (_stage, role, make) => {
    const recorded = make();
    const as = role === "client" ? "server" : "client";
    // No frame has this type.
    recorded.pair.injectForged(as, 500, Uint8Array.of(0x3f));
    recorded.pair.run(0);
    expect(recorded.pair[role].state).toBe("closing");
    finish(recorded);
  });

  it.each(OPEN)("%s (%s): nothing is heard any more", (stage, role, make) => {
    // The deadline of the handshake must not come first, nor the end of the flush.
    const recorded =
      stage === "flushing" ? flushing(role, {}, 60_000) : make({ settings: { handshakeTimeoutMs: 60_000 } });
    recorded.pair.interceptor = () => undefined;
    finish(recorded);
    const ending = recorded.traces[role].of("state").slice(-2);
    expect(ending.map(({ cause }) => cause)).toEqual(["idle-timeout", "answered"]);
  });

  it.each(["client", "server"] as const)("flushing (%s): delivered, given up, cut short", (role) => {
    for (const end of ["delivered", "given up", "cut short"] as const) {
      const recorded = flushing(role);
      const { pair } = recorded;
      if (end === "delivered") pair.interceptor = undefined;
      if (end === "cut short") pair[role].close(CloseCode.Normal, "now", pair.nowMs);
      finish(recorded);
    }
  });

  it("connecting, awaiting-connect, authenticating: the deadline of the handshake", () => {
    const recorded = new Recorded({ autoAccept: false, settings: { handshakeTimeoutMs: 1500 } });
    finish(recorded);
    const silent = new Recorded({ settings: { handshakeTimeoutMs: 1500 } });
    silent.pair.interceptor = () => undefined;
    finish(silent);
    expect(silent.traces.server.of("state")[0]).toMatchObject({ from: "awaiting-connect", cause: "deadline" });
  });

  it.each(["connected", "flushing"])("%s: the server restarted", (stage) => {
    const token = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const recorded = new Recorded({ link: { latencyMs: 20 }, autoAccept: false });
    const { pair } = recorded;
    pair.run(100);
    pair.server.accept(new Uint8Array(16), token, pair.nowMs);
    pair.run(100);
    expect(pair.client.state).toBe("connected");
    pair.interceptor = () => undefined;
    if (stage === "flushing") {
      pair.client.send(new Uint8Array(10), { delivery: "ordered" }, pair.nowMs);
      pair.client.close(CloseCode.Normal, "bye", pair.nowMs, pair.nowMs + 5000);
    }
    const reset = new Uint8Array(40);
    reset[0] = 0x40;
    reset.set(token, 24);
    pair.client.receiveReset(reset, pair.serverAddress, pair.nowMs);
    finish(recorded);
    expect(recorded.traces.client.of("state").at(-1)?.cause).toBe("reset");
  });

  it.each(["client", "server"] as const)("%s: packet numbers run out, and the other side hears of it", (role) => {
    for (const open of ["connecting", "awaiting-connect", "authenticating", "connected", "flushing"]) {
      const recorded = new Recorded({ autoAccept: false, initialPacketNumber: 2 ** 48 - 60 });
      const { pair } = recorded;
      if (open !== "connecting" && open !== "awaiting-connect") pair.run(10);
      if (open === "connected" || open === "flushing") {
        pair.accept();
        pair.run(100);
        pair.interceptor = () => undefined;
      }
      if (open === "flushing") {
        pair[role].send(new Uint8Array(10), { delivery: "ordered" }, pair.nowMs);
        pair[role].close(CloseCode.Normal, "bye", pair.nowMs, pair.nowMs + 5000);
      }
      // The numbers go by PINGs, of which an open connection sends as many as it is asked for.
      for (let i = 0; i < 80 && pair[role].state !== "closing"; i++) {
        pair[role].onLocalMove(pair.nowMs);
        pair[role].pollTransmit(new Uint8Array(1500), 0, pair.nowMs);
      }
      expect(recorded.traces[role].of("state").at(-1)).toMatchObject({ cause: "key-limit", to: "closing" });
      finish(recorded);
    }
  });

  it.each([...OPEN, ...CLOSING])("%s (%s): too many forgeries were opened", (stage, role, make) => {
    const recorded = make({ keyLimits: { maxFailedOpens: 3 } });
    const { pair } = recorded;
    pair.interceptor = undefined;
    const forged = new Uint8Array(60);
    forged[0] = 0x40;
    new DataView(forged.buffer).setUint32(1, pair[role].localConnectionId);
    forged[8] = 0xff;
    const from = role === "server" ? pair.clientAddress : pair.serverAddress;
    for (let i = 0; i < 3; i++) pair[role].receive(forged, from, pair.nowMs);
    expect(pair[role].state).toBe(stage);
    finish(recorded);
    const last = recorded.traces[role].of("state").at(-1);
    expect(last).toMatchObject({ from: stage, cause: "key-limit", to: "closed" });
  });

  it.each(["client", "server"] as const)("draining (%s): no packet may be sealed any more", (role) => {
    const sealed = 50;
    const limits = { maxPacketsPerKey: sealed };
    const recorded = Recorded.connected({ keyLimits: limits });
    const { pair } = recorded;
    pair.interceptor = () => undefined;
    const sent = recorded.traces[role].of("packet-sent").length;
    for (let i = sent; i < sealed; i++) {
      pair[role].onLocalMove(pair.nowMs);
      expect(pair[role].pollTransmit(new Uint8Array(1500), 0, pair.nowMs)).toBeGreaterThan(0);
    }
    drain(recorded, role);
    finish(recorded);
    expect(recorded.traces[role].of("state").at(-1)).toMatchObject({ from: "draining", cause: "key-limit" });
  });

  it.each(["client", "server"] as const)("draining (%s): the transport takes nothing any more", (role) => {
    const recorded = Recorded.connected();
    const { pair } = recorded;
    drain(recorded, role);
    // Nobody asks for what it has to send.
    while (pair[role].nextTimeoutAt() < Infinity) pair[role].handleTimeout(pair[role].nextTimeoutAt());
    expect(recorded.traces[role].of("state").at(-1)).toMatchObject({ from: "draining", cause: "unanswered" });
    finish(recorded);
  });

  it("a move of the client changes no state", () => {
    const recorded = Recorded.connected();
    const { pair } = recorded;
    pair.seenAddress = new PairAddress("train");
    pair.client.onLocalMove(pair.nowMs);
    pair.run(1000);
    expect(recorded.traces.server.of("path-changed")).toHaveLength(1);
    expect(recorded.traces.server.states().at(-1)).toBe("connected");
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    finish(recorded);
  });

  it("clients before they have keys: accepted, refused, given up, with cookies that go stale", async () => {
    const make = (options: ConstructorParameters<typeof GameNetwork>[0] = {}): GameNetwork =>
      new GameNetwork({ link: { latencyMs: 20 }, crypto: createSeededNodeCrypto(77), ...options });
    const game = make({ server: { maxPeers: 1 } });
    await game.listen();
    expect((await attempt(game)).map(({ to }) => to)).toEqual(["hello-sent", "retry", "connecting"]);
    // Full, which is told to those who have a cookie; another protocol, which is told to all.
    expect((await attempt(game)).map(nameOf)).toContain("retry --reject--> closed");
    expect((await attempt(game, { protocol: "other/1" })).map(nameOf)).toContain("hello-sent --reject--> closed");
    await game.end();

    const lossy = make();
    await lossy.listen();
    lossy.network.setFilter(() => false);
    expect((await attempt(lossy, { timeoutMs: 1000 })).map(nameOf)).toContain("hello-sent --give-up--> closed");
    lossy.network.setFilter((datagram) => datagram[0] !== HandshakeType.ServerHello);
    const stale = (await attempt(lossy, { timeoutMs: 25_000 })).map(nameOf);
    expect(stale).toContain("retry --retry--> retry");
    expect(stale).toContain("retry --give-up--> closed");
    lossy.network.setFilter(undefined);
    await lossy.end();
  });

  it.each(Array.from({ length: 25 }, (_, i) => i + 1))("seeded random lives over a lossy link (seed %d)", (seed) => {
    const random = new Random(seed);
    const trouble = { latencyMs: 20, jitterMs: 20, loss: 0.2, burst: 3, reorder: 0.1, duplicate: 0.1, corrupt: 0.02 };
    const recorded = new Recorded({ seed, link: trouble, autoAccept: random.below(3) > 0 });
    const { pair } = recorded;
    for (let step = 0; step < 60; step++) {
      const role: Role = ROLES[random.below(2)] as Role;
      switch (random.below(14)) {
        case 0:
          if (random.below(4) === 0)
            pair[role].close(CloseCode.Normal, "bye", pair.nowMs, pair.nowMs + random.below(3000));
          break;
        case 1:
          if (random.below(8) === 0) pair[role].abort({ code: "network", by: "local", text: "" }, pair.nowMs);
          break;
        case 2:
          pair.seenAddress = new PairAddress(`place ${random.below(3)}`);
          pair.client.onLocalMove(pair.nowMs);
          break;
        case 3:
          pair.interceptor = random.below(3) === 0 ? () => undefined : undefined;
          break;
        case 4:
          if (random.below(8) === 0) pair.injectForged(role, 300 + step, Uint8Array.of(0x3f));
          break;
        case 5:
          pair.accept();
          break;
        default:
          pair[role].send(new Uint8Array(random.below(4000)), { delivery: "ordered" }, pair.nowMs);
          pair.run(random.below(400));
      }
    }
    pair.interceptor = undefined;
    pair[ROLES[random.below(2)] as Role].close(CloseCode.Normal, "end", pair.nowMs);
    pair.run(100);
    finish(recorded, 60_000);
  });

  it("went through every row of the document", () => {
    for (const role of ROLES) {
      const missing = [...documented[role]].filter((name) => !seen[role].has(name));
      // A server that asks for no cookie would be allowed; ours always asks.
      expect(missing).toEqual(role === "client" ? ["hello-sent --server-hello--> connecting"] : []);
    }
  });
});

/** A small seeded generator (Numerical Recipes' constants). */
class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  below(bound: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * bound);
  }
}
