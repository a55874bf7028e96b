import { createNodeProvider } from "@sortie/handshake/node";
import { assertNoLeaks, ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { ByteWriter, DeliveryCode, encodeMessage, encodeUtf8 } from "@sortie/wire";
import { dropsOf, sealHostile } from "./hostile-packets.js";
import { InstrumentedCrypto } from "./instrumented-crypto.js";

/** Of its own, so that the attacker's work is not counted. */
const ATTACKERS_CRYPTO = createNodeProvider();

type Side = "client" | "server";

/** A connection pair whose wire is recorded, whose cryptography is counted, and whose keys the attacker may use. */
export class AttackedPair {
  readonly crypto: InstrumentedCrypto;
  readonly pair: ConnectionPair;
  readonly clientTrace: TraceRecorder = new TraceRecorder();
  readonly serverTrace: TraceRecorder = new TraceRecorder();
  /** Datagrams as they were sent, oldest first, by their receiver. */
  readonly wire: Readonly<Record<Side, Uint8Array[]>> = { client: [], server: [] };
  /** Datagrams for these are recorded, but do not arrive. */
  readonly swallowed: Set<Side> = new Set();

  constructor(options: Partial<ConnectionPairOptions> = {}) {
    const seed = options.seed ?? 1;
    this.crypto = new InstrumentedCrypto(seed);
    this.pair = new ConnectionPair({
      link: { latencyMs: 10 },
      ...options,
      seed,
      crypto: this.crypto,
      clientTrace: this.clientTrace.sink,
      serverTrace: this.serverTrace.sink,
    });
    this.pair.interceptor = (datagram, to) => {
      this.wire[to].push(datagram.slice());
      return this.swallowed.has(to) ? undefined : datagram;
    };
  }

  /** Runs until both sides are connected and quiet. */
  connect(): this {
    const { pair } = this;
    if (!pair.runUntil(() => pair.client.state === "connected", 5000)) throw new Error("the pair did not connect");
    pair.run(200);
    return this;
  }

  /** The client sends one message in a packet of its own; returns that packet. */
  sendOne(word: string): Uint8Array {
    this.pair.client.send(encodeUtf8(word), undefined, this.pair.nowMs);
    this.pair.run(1);
    return this.lastSent("server");
  }

  /** The newest datagram that was sent to a side. */
  lastSent(to: Side): Uint8Array {
    const datagram = this.wire[to].at(-1);
    if (datagram === undefined) throw new Error(`nothing was sent to the ${to}`);
    return datagram;
  }

  /** Injects a packet with a right tag, which arrives at once: `as` has turned hostile. */
  forge(as: Side, packetNumber: number, frames: Uint8Array, generation: number = 0): void {
    this.launchForged(as, packetNumber, frames, generation);
    this.pair.run(0);
  }

  /** The same, to arrive together with others when the pair is run. */
  launchForged(as: Side, packetNumber: number, frames: Uint8Array, generation: number = 0): void {
    const { pair, crypto } = this;
    const to = as === "client" ? "server" : "client";
    const secret = crypto.secrets[0]?.[as] as Uint8Array;
    const connectionId = pair[to].localConnectionId;
    const datagram = sealHostile({ crypto: ATTACKERS_CRYPTO, secret, connectionId, packetNumber, frames, generation });
    pair.inject(datagram, to, as === "client" ? pair.clientAddress : pair.serverAddress);
  }

  /** Datagrams that a side dropped, by reason. */
  drops(side: Side): Record<string, number> {
    return dropsOf(side === "client" ? this.clientTrace : this.serverTrace);
  }

  /** Packet number of the newest packet that a side sent. */
  lastNumber(side: Side): number {
    const trace = side === "client" ? this.clientTrace : this.serverTrace;
    return trace.of("packet-sent").at(-1)?.packetNumber ?? -1;
  }

  /** Closes both sides and asserts that nothing is left. */
  end(): void {
    const { pair } = this;
    pair.client.close(0, "", pair.nowMs);
    pair.run(20_000);
    assertNoLeaks({ connections: [pair.client, pair.server] });
    if (pair.inFlight !== 0) throw new Error(`${pair.inFlight} datagrams are left on their way`);
    if (this.crypto.repeatedNonces !== 0) throw new Error(`${this.crypto.repeatedNonces} nonces were used twice`);
  }
}

/** One unreliable message as the frames of a packet. */
export function messageFrame(word: string): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(1400));
  encodeMessage(writer, DeliveryCode.Unreliable, 0, 0, encodeUtf8(word));
  // A frame before PADDING has its length: so it stays as written.
  writer.zeros(1);
  return writer.bytes.slice(0, writer.offset);
}
