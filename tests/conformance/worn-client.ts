import { Connection, createResources, resolveProtocolOptions } from "@sortie/connection";
import { ClientHandshake, protocolId } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { type DatagramBatch, type DatagramCore, Driver, type SocketAddress, SystemClock } from "@sortie/transport";
import { createUdpTransport } from "../support/udp-transport.js";

/** Packets after which keys are updated: 2^22 in earnest, and no option of a client. */
const PACKETS_PER_KEY = 5;
/** ms. Where the server has ended, nobody waits longer for it. */
const PATIENCE_MS = 15_000;

export interface WornClientOptions {
  readonly protocol: string;
  readonly serverKey: Uint8Array;
  readonly address: SocketAddress;
  readonly payload: string;
}

/** The connection of a client, without the client around it, whose keys wear out soon. It sends back what it gets. */
class WornClient implements DatagramCore {
  connection: Connection | undefined;
  private readonly options: WornClientOptions;
  private readonly handshake: ClientHandshake;
  private readonly crypto = createNodeProvider();
  private readonly protocolOptions = resolveProtocolOptions({ idleTimeoutMs: PATIENCE_MS }, 0);
  private isHelloDue = true;
  private readonly deadlineMs: number;

  constructor(options: WornClientOptions, nowMs: number) {
    this.deadlineMs = nowMs + PATIENCE_MS;
    const { crypto, protocolOptions } = this;
    this.options = options;
    this.handshake = new ClientHandshake({
      crypto,
      protocolId: protocolId(crypto, options.protocol),
      clientConnectionId: 1,
      parameters: protocolOptions.parameters,
      trust: { kind: "pin", publicKey: options.serverKey },
    });
  }

  receive(datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    if (this.connection !== undefined) this.connection.receive(datagram, from, nowMs);
    else this.receiveHandshake(datagram, nowMs);
    this.sendBack(nowMs);
  }

  receiveEnd(): void {}

  pollTransmit(batch: DatagramBatch, nowMs: number): boolean {
    const { connection, options } = this;
    for (let at = batch.reserve(); at >= 0; at = batch.reserve()) {
      const hello = connection === undefined && this.isHelloDue ? this.handshake.hello() : new Uint8Array(0);
      batch.buffer.set(hello, at);
      const bytes = hello.length > 0 ? hello.length : (connection?.pollTransmit(batch.buffer, at, nowMs) ?? 0);
      if (bytes === 0) return false;
      this.isHelloDue = false;
      batch.commit(bytes, options.address);
    }
    return true;
  }

  nextTimeoutAt(): number {
    return this.connection?.nextTimeoutAt() ?? this.deadlineMs;
  }

  handleTimeout(nowMs: number): void {
    if (this.connection === undefined) throw new Error("the client with worn keys got no answer to its hello");
    this.connection.handleTimeout(nowMs);
  }

  onTransportError(): void {}

  private sendBack(nowMs: number): void {
    const { connection } = this;
    for (let message = connection?.pollMessage(); message !== undefined; message = connection?.pollMessage()) {
      const { payload, delivery, channel } = message;
      connection?.send(payload, { delivery, channel }, nowMs);
    }
  }

  private receiveHandshake(datagram: Uint8Array, nowMs: number): void {
    const progress = this.handshake.receive(datagram);
    if (progress.kind === "retry") this.isHelloDue = true;
    if (progress.kind !== "established") return;
    const { parameters: localParameters, settings } = this.protocolOptions;
    this.connection = new Connection({
      role: "client",
      resources: createResources(this.crypto),
      keys: progress.keys,
      localParameters,
      settings,
      address: this.options.address,
      nowMs,
      connectPayload: new TextEncoder().encode(this.options.payload),
      keyLimits: { updateAfterPackets: PACKETS_PER_KEY },
    });
  }
}

/** Runs such a client until its server closes; resolves with the number of its key updates. */
export async function runWornClient(options: WornClientOptions): Promise<number> {
  const clock = new SystemClock();
  const core = new WornClient(options, clock.now());
  const transport = createUdpTransport({ host: "127.0.0.1" });
  let driver: Driver | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const afterWork = (): void => void (core.connection?.state === "closed" && resolve());
      driver = new Driver({ core, transport, clock, afterWork, onError: reject });
      driver.start().catch(reject);
    });
  } finally {
    await driver?.stop();
  }
  return core.connection?.statistics(clock.now()).keyUpdates ?? 0;
}
