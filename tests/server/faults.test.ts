import { type CongestionController, FixedBudget } from "@sortie/reliability";
import type { AccessLogEntry, Peer } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createFaultyCrypto, createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { recordingLogger } from "../support/recording-logger.js";

const BUG = "bug in my controller";
const TEXT = `an exception: ${BUG}`;

/** Parts of a controller that are put in the place of its own once the test says so. */
type Broken = Partial<Record<keyof CongestionController, (...args: never[]) => unknown>>;

function fail(): never {
  throw new Error(BUG);
}

/** A server that echoes, and two clients, the first of which has the broken controller; what everybody was told. */
async function withBroken(broken: Broken, tickRate: number) {
  const access: AccessLogEntry[] = [];
  const controllers: FixedBudget[] = [];
  const createCongestionController = (): CongestionController => {
    controllers.push(new FixedBudget());
    return controllers.at(-1) as FixedBudget;
  };
  const onAccess = (entry: AccessLogEntry): void => void access.push(entry);
  const game = new GameNetwork({
    link: { latencyMs: 20 },
    server: { tickRate, createCongestionController, onAccess },
  });
  const told: string[] = [];
  const errors: [string, Peer | undefined][] = [];
  game.server.on("error", (error, peer) => errors.push([(error as Error).message, peer]));
  game.server.on("disconnect", (peer, { code, by, text }) => told.push(`${peer.id} ${code} ${by} ${text}`));
  game.server.on("message", (peer, { payload }) => void peer.send(payload, { delivery: "reliable" }));
  await game.listen();
  const [client, other] = [await game.connect(), await game.connect()];
  await game.run(500);
  const peer = game.server.peers.get(1) as Peer;
  Object.assign(controllers[0] as FixedBudget, broken);
  let echoes = 0;
  const reasons: string[] = [];
  other.on("message", () => (echoes += 1));
  client.on("disconnect", ({ text }) => reasons.push(text));
  for (let i = 0; i < 20; i++) {
    if (client.isConnected) client.send(new Uint8Array(3000), { delivery: "reliable" });
    other.send("y", { delivery: "reliable" });
    await game.run(50);
  }
  await game.run(1000);
  return { game, peer, told, errors, access, echoes, reasons };
}

describe.each([0, 60])("a congestion controller with a bug, tickRate %i", (tickRate) => {
  it.each<[string, Broken]>([
    ["canSend", { canSend: fail }],
    ["onAck", { onAck: fail }],
    ["onPacketSent", { onPacketSent: fail }],
    ["onPacketAcked", { onPacketAcked: fail }],
    ["nextSendAt", { canSend: () => false, nextSendAt: fail }],
    ["nextSendAt between two packets", { canSend: (_bytes, inFlight: number) => inFlight === 0, nextSendAt: fail }],
  ])("that throws in %s ends its peer alone, and is told as what it is", async (_name, broken) => {
    const { game, peer, told, errors, access, echoes, reasons } = await withBroken(broken, tickRate);
    expect(told).toEqual([`1 internal-error local ${TEXT}`]);
    expect(errors).toEqual([[BUG, peer]]);
    expect(access.filter(({ event }) => event === "disconnect")).toMatchObject([
      { peerId: 1, code: "internal-error", text: TEXT },
    ]);
    expect(echoes).toBe(20);
    // What failed here is nobody's business there.
    expect(reasons.join()).not.toContain("bug");
    await game.end();
  });

  it.each<[string, Broken, string]>([
    ["canSend", { canSend: () => undefined }, "to give true or false, got undefined"],
    ["nextSendAt", { canSend: () => false, nextSendAt: () => NaN }, "to give a time in ms, got NaN"],
  ])("that answers %s with nonsense ends its peer alone, and is told so", async (name, broken, what) => {
    const { game, peer, told, errors, echoes } = await withBroken(broken, tickRate);
    const message = `"${name}" of the congestion controller expected ${what}`;
    expect(told).toEqual([`1 internal-error local an exception: ${message}`]);
    expect(errors).toEqual([[message, peer]]);
    expect(echoes).toBe(20);
    await game.end();
  });
});

describe("a fault of a server's timers", () => {
  it("that one connection has does not keep the timers of the others from being served", async () => {
    let made = 0;
    const createCongestionController = (): CongestionController => {
      const isFirst = made++ === 0;
      return isFirst ? Object.assign(new FixedBudget(), { onPacketsLost: fail }) : new FixedBudget();
    };
    const game = new GameNetwork({ link: { latencyMs: 20 }, server: { createCongestionController } });
    const told: string[] = [];
    const errors: unknown[] = [];
    game.server.on("error", (error, peer) => errors.push([(error as Error).message, peer?.id]));
    game.server.on("disconnect", (peer, { code }) => told.push(`${peer.id} ${code}`));
    await game.listen();
    for (let i = 0; i < 2; i++) await game.connect();
    await game.run(500);
    const receipts = [];
    // Of two packets to each the first is lost. One that came after it is not enough to tell: the timer does.
    const lossy = new Set<string>();
    game.network.setFilter((datagram, from, to) => {
      if (!from.equals(game.serverAddress) || datagram.length < 900 || lossy.has(to.toString())) return true;
      lossy.add(to.toString());
      return false;
    });
    for (const peer of game.server.peers.values()) {
      for (let i = 0; i < 2; i++) receipts.push(peer.send(new Uint8Array(1000), { delivery: "reliable" }));
    }
    await game.run(2000);
    expect(errors).toEqual([[BUG, 1]]);
    expect(told).toEqual(["1 internal-error"]);
    expect(await Promise.all(receipts.slice(2).map(({ outcome }) => outcome))).toEqual(["acked", "acked"]);
    await game.end();
  });
});

describe("a crypto provider that fails", () => {
  it.each(["seal", "open"] as const)("at %s is told as what it is, with the peer", async (fault) => {
    const faulty = createFaultyCrypto(8);
    const game = new GameNetwork({ link: { latencyMs: 5 }, crypto: faulty.crypto });
    const told: string[] = [];
    game.server.on("error", (error, peer) => told.push(`${(error as Error).message} ${peer?.id}`));
    game.server.on("disconnect", (peer, { code, text }) => told.push(`${peer.id} ${code} ${text}`));
    await game.listen();
    const client = await game.connect({ crypto: createSeededNodeCrypto(9) });
    await game.run(500);
    faulty.broken.add(fault);
    client.send("x", { delivery: "reliable" });
    await game.run(500);
    expect(told).toEqual([`${fault} failed 1`, `1 internal-error an exception: ${fault} failed`]);
    faulty.broken.clear();
    await game.end();
  });

  it("is in the log, with the peer's number, where nobody listens to errors", async () => {
    const { logger, lines } = recordingLogger("error");
    const faulty = createFaultyCrypto(8);
    const game = new GameNetwork({ crypto: faulty.crypto, server: { logger } });
    await game.listen();
    const client = await game.connect({ crypto: createSeededNodeCrypto(9) });
    await game.run(500);
    faulty.broken.add("open");
    client.send("x", { delivery: "reliable" });
    await game.run(50);
    expect(lines[0]).toMatch(/unhandled error in the server .*peerId=1[^]*open failed/);
    faulty.broken.clear();
    await game.end();
  });
});
