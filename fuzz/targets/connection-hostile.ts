import { ConnectionPair, type ConnectionPairOptions, findLeaks, PAIR_PARAMETERS, PairAddress } from "@sortie/testkit";
import { CloseCode } from "@sortie/wire";
import { FRAME_WORDS, frameSeeds } from "../lib/frame-words.js";
import { Program } from "../lib/program.js";
import { createShamCrypto } from "../lib/sham-crypto.js";
import { check, type FuzzTarget } from "../lib/target.js";

const PARAMETERS = { ...PAIR_PARAMETERS, maxMessageBytes: 4096, receiveWindowBytes: 8192 };
const LIMITS = { maxInboxMessages: 16, maxInboxBytes: 8192, maxQueuedMessages: 16 };
/** bytes. What a connection may hold of a peer's messages: docs/PROTOCOL.md section 6.4, and the unreliable ones. */
const MAX_HELD_BYTES = 2 * (3 * PARAMETERS.receiveWindowBytes + 512 * 1024) + 256 * 1024;
/** Numbers of forged packets start above those that the genuine side used, within the replay window. */
const FIRST_FORGED = 900;
/** ms. Longer than everything that ends by time: idle timeout, handshake timeout, closing. */
const LONG_MS = 60_000;
const ELSEWHERE = [new PairAddress("elsewhere"), new PairAddress("far away")];

/**
 * A whole connection and a peer that holds valid keys and sends whatever frames it likes. The connection never throws,
 * keeps its caps, and in the end is closed and holds nothing.
 */
export const connectionHostile: FuzzTarget = {
  name: "connection-hostile",
  maxBytes: 1024,
  freshRuns: 100,
  dictionary: FRAME_WORDS,
  seeds: () =>
    [0, 1, 2, 3].flatMap((mode) => frameSeeds().map((frames) => Uint8Array.from([mode, 0, frames.length, ...frames]))),
  run(input) {
    const program = new Program(input);
    const mode = program.u8();
    const session = new Session((mode & 1) === 0 ? "client" : "server", (mode & 2) !== 0);
    while (!program.isOver) session.step(program);
    session.end();
  },
};

class Session {
  private readonly hostile: "client" | "server";
  private readonly pair: ConnectionPair;
  private forged = FIRST_FORGED;

  /** @param early whether the peer turns hostile at once, or after it was accepted */
  constructor(hostile: "client" | "server", early: boolean) {
    const options: ConnectionPairOptions = {
      seed: 1,
      crypto: createShamCrypto(1),
      settings: { limits: LIMITS },
      clientParameters: PARAMETERS,
      serverParameters: PARAMETERS,
      autoAccept: !early,
    };
    this.hostile = hostile;
    this.pair = new ConnectionPair(options);
    if (!early) this.pair.run(100);
    // From here on the genuine peer neither hears nor is heard.
    this.pair.interceptor = () => undefined;
  }

  private get victim(): ConnectionPair["client"] {
    return this.hostile === "client" ? this.pair.server : this.pair.client;
  }

  step(program: Program): void {
    const { pair, victim } = this;
    const kind = program.u8();
    switch (kind & 7) {
      default:
        this.forge(program, 1 + (kind >> 6));
        break;
      case 4:
        pair.run(2 ** (kind >> 4));
        break;
      case 5: {
        const delivery = program.pick(["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const);
        victim.send(new Uint8Array(program.u8() * 8), { delivery, channel: kind >> 6 }, pair.nowMs);
        break;
      }
      case 6:
        for (let left = kind >> 3; left > 0 && victim.pollMessage() !== undefined; left--);
        break;
      case 7:
        this.act(kind >> 3, program);
    }
    this.checkCaps();
  }

  /** A packet of the program's bytes, or one whose number leaps. */
  private forge(program: Program, step: number): void {
    this.forged += step === 4 ? 2 ** (program.u8() & 0x1f) : step;
    const frames = program.block();
    if (frames.length === 0 || frames.length > 1400) return;
    this.pair.injectForged(this.hostile, this.forged, frames);
    this.pair.run(0);
  }

  private act(what: number, program: Program): void {
    const { pair, victim } = this;
    switch (what & 7) {
      case 0:
        return victim.close(CloseCode.Normal, "enough", pair.nowMs, pair.nowMs + program.u8() * 4);
      case 1:
        pair.seenAddress = program.pick([pair.clientAddress, ...ELSEWHERE]);
        return;
      case 2:
        // Not even sealed.
        return pair.inject(program.block(), this.hostile === "client" ? "server" : "client", pair.seenAddress);
      case 3:
        if (victim === pair.server) pair.accept();
        return;
      case 4:
        return victim.onLocalMove(pair.nowMs);
      case 5:
        return victim.receiveReset(program.block(), pair.seenAddress, pair.nowMs);
      default:
        while (victim.pollEvent() !== undefined);
    }
  }

  private checkCaps(): void {
    const { endpoint } = this.victim.statistics(this.pair.nowMs);
    check(endpoint.heldBytes <= MAX_HELD_BYTES, `${endpoint.heldBytes} bytes held`);
    check(endpoint.inboxBytes <= LIMITS.maxInboxBytes + MAX_HELD_BYTES, `${endpoint.inboxBytes} bytes in the inbox`);
    check(!Number.isNaN(this.victim.nextTimeoutAt()), "the timeout is no number");
  }

  end(): void {
    const { pair } = this;
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    pair.server.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(LONG_MS);
    const leaks = findLeaks({ connections: [pair.client, pair.server] });
    check(leaks.length === 0, `left after the end: ${leaks.join("; ")}`);
  }
}
