import { DELIVERIES, type Delivery } from "@sortie/reliability";
import { ConnectionPair, findLeaks, PAIR_PARAMETERS, PairAddress } from "@sortie/testkit";
import { CloseCode } from "@sortie/wire";
import { DeliveryOracle } from "../lib/delivery-oracle.js";
import { Program } from "../lib/program.js";
import { createShamCrypto } from "../lib/sham-crypto.js";
import { check, type FuzzTarget } from "../lib/target.js";

type Side = "client" | "server";

const SIDES: readonly Side[] = ["client", "server"];
const DELIVERY_NAMES: readonly Delivery[] = DELIVERIES.map(({ name }) => name);
/** bytes. One packet, its edge, pieces. */
const SIZES = [4, 5, 60, 300, 1150, 1175, 1200, 1500, 4000, 12_000, 30_000];
const PARAMETERS = { ...PAIR_PARAMETERS, maxMessageBytes: 32_768, receiveWindowBytes: 65_536 };
const PACKET_NUMBERS = [0, 2 ** 31 - 20, 2 ** 32 - 20, 2 ** 40];
const MESSAGE_IDS = [0, 0x7ff0, 0xfff0];
const ADDRESSES = ["client", "elsewhere", "far away"].map((name) => new PairAddress(name));
/** bytes that a program sends at the most: longer ones show nothing more. */
const MAX_SENT_BYTES = 120_000;
/** ms. Enough to deliver everything over a good link, however late the next probe is. */
const SETTLE_MS = 8000;
const LONG_MS = 60_000;

/**
 * Two honest connections on a bad path: sends, links that lose, reorder, double and damage, moves, closes. What the
 * delivery modes promise holds, every message comes to an outcome, and in the end nothing is left.
 */
export const connectionOperations: FuzzTarget = {
  name: "connection-operations",
  maxBytes: 256,
  freshRuns: 100,
  seeds: () => [
    Uint8Array.of(0, 0, 0, 0, 0, 0x00, 1, 3, 0x01, 9, 0x02, 10, 0x05, 0x30),
    Uint8Array.of(20, 60, 60, 30, 0x05, 0x03, 1, 2, 0x04, 9, 0x45, 10, 0x05, 0x50, 0x06, 40, 40, 0, 0, 0x05, 0x60),
    Uint8Array.of(5, 0, 0, 0, 0x18, 0x04, 8, 0x00, 9, 0x07, 1, 0x45, 0x04, 3, 0x0f, 0, 0x65),
  ],
  async run(input) {
    const session = new Session(new Program(input));
    session.run();
    await session.end();
  },
};

class Session {
  private readonly program: Program;
  private readonly pair: ConnectionPair;
  private readonly oracles: Readonly<Record<Side, DeliveryOracle>> = {
    client: new DeliveryOracle(),
    server: new DeliveryOracle(),
  };
  private sentBytes = 0;

  constructor(program: Program) {
    this.program = program;
    const link = readLink(program);
    const setup = program.u8();
    this.pair = new ConnectionPair({
      seed: setup >> 4,
      crypto: createShamCrypto(setup >> 4),
      link,
      clientParameters: PARAMETERS,
      serverParameters: PARAMETERS,
      initialPacketNumber: PACKET_NUMBERS[setup & 3] as number,
      initialMessageId: MESSAGE_IDS[((setup >> 2) & 3) % MESSAGE_IDS.length] as number,
      ...(setup & 0x80 ? { keyLimits: { updateAfterPackets: 16 } } : {}),
    });
  }

  run(): void {
    while (!this.program.isOver) {
      this.step();
      this.poll();
    }
  }

  private step(): void {
    const { program, pair } = this;
    const kind = program.u8();
    const side = SIDES[(kind >> 3) & 1] as Side;
    switch (kind & 7) {
      default:
        return this.send(side, DELIVERY_NAMES[kind & 7] as Delivery, (kind >> 4) & 3, kind >> 6);
      case 5:
        return pair.run(2 ** (kind >> 4) / 4);
      case 6: {
        const link = readLink(program);
        pair.toServer.configure(link, pair.nowMs);
        if (side === "client") pair.toClient.configure(link, pair.nowMs);
        return;
      }
      case 7:
        return this.act(side, kind >> 4);
    }
  }

  private send(side: Side, delivery: Delivery, channel: number, more: number): void {
    const { pair } = this;
    const bytes = this.program.pick(SIZES);
    for (let left = more * more; left >= 0 && this.sentBytes < MAX_SENT_BYTES; left--) {
      this.sentBytes += bytes;
      const mayExpire = delivery !== "reliable" && delivery !== "ordered";
      const expiresInMs = mayExpire && more === 2 ? { expiresInMs: 20 } : {};
      const to = this.oracles[side === "client" ? "server" : "client"];
      to.send(bytes, delivery, channel, (payload) =>
        pair[side].send(payload, { delivery, channel, priority: more, ...expiresInMs }, pair.nowMs),
      );
    }
  }

  private act(side: Side, what: number): void {
    const { pair, program } = this;
    switch (what & 7) {
      case 0:
        return pair[side].close(CloseCode.Normal, "enough", pair.nowMs, pair.nowMs + program.u8() * 16);
      case 1:
      case 2:
      case 3:
        // The client's network changes under it; it may know or not.
        pair.seenAddress = program.pick(ADDRESSES);
        if ((what & 7) === 3) pair.client.onLocalMove(pair.nowMs);
        return;
      case 4:
        return pair[side].onLocalMove(pair.nowMs);
      default:
        return pair.run(program.u8() * 16);
    }
  }

  private poll(): void {
    for (const side of SIDES) {
      const connection = this.pair[side];
      for (let m = connection.pollMessage(); m !== undefined; m = connection.pollMessage()) {
        this.oracles[side].receive(m.payload, m.delivery, m.channel);
      }
    }
  }

  async end(): Promise<void> {
    const { pair } = this;
    pair.toServer.configure({}, pair.nowMs);
    pair.toClient.configure({}, pair.nowMs);
    for (let ms = 0; ms < SETTLE_MS; ms += 500) {
      pair.run(500);
      this.poll();
    }
    const isWhole = SIDES.every((side) => pair[side].state === "connected");
    if (isWhole) for (const side of SIDES) this.oracles[side].expectComplete();
    for (const side of SIDES) pair[side].close(CloseCode.Normal, "", pair.nowMs);
    pair.run(LONG_MS);
    this.poll();
    const leaks = findLeaks({ connections: [pair.client, pair.server] });
    check(leaks.length === 0, `left after the end: ${leaks.join("; ")}`);
    check(pair.inFlight === 0, `${pair.inFlight} datagrams under way after the end`);
    for (const side of SIDES) await this.oracles[side].expectSettled();
  }
}

/** Four bytes: latency, loss, reordering and duplicates, damage. */
function readLink(program: Program): { latencyMs: number; jitterMs: number; loss: number; reorder: number } & {
  duplicate: number;
  corrupt: number;
} {
  const [delay, loss, mixing, damage] = [program.u8(), program.u8(), program.u8(), program.u8()];
  return {
    latencyMs: delay & 0x7f,
    jitterMs: delay & 0x80 ? 30 : 0,
    loss: loss / 320,
    reorder: (mixing & 0x0f) / 20,
    duplicate: (mixing >> 4) / 20,
    corrupt: damage / 640,
  };
}
