import { Connection, createResources } from "@sortie/connection";
import { ClientHandshake, type CryptoProvider } from "@sortie/handshake";
import type { SocketAddress } from "@sortie/transport";
import type { TransportParameters } from "@sortie/wire";

const BUFFER_BYTES = 1500;

/** An honest client without a socket: its handshake, then its connection. */
export class FuzzedClient {
  address: SocketAddress;
  connection: Connection | undefined;
  private readonly crypto: CryptoProvider;
  private readonly parameters: TransportParameters;
  private readonly handshake: ClientHandshake;
  private readonly buffer = new Uint8Array(BUFFER_BYTES);

  constructor(
    crypto: CryptoProvider,
    protocolId: Uint8Array,
    parameters: TransportParameters,
    connectionId: number,
    address: SocketAddress,
  ) {
    this.crypto = crypto;
    this.parameters = parameters;
    this.address = address;
    const options = { crypto, protocolId, parameters, clientConnectionId: connectionId };
    this.handshake = new ClientHandshake({ ...options, trust: { kind: "any" } });
  }

  hello(): Uint8Array {
    return this.handshake.hello();
  }

  receive(datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    if (this.connection !== undefined) {
      this.connection.receive(datagram, from, nowMs);
      return;
    }
    const progress = this.handshake.receive(datagram);
    if (progress.kind !== "established") return;
    this.connection = new Connection({
      role: "client",
      resources: createResources(this.crypto),
      keys: progress.keys,
      localParameters: this.parameters,
      settings: {},
      address: from,
      nowMs,
      connectPayload: Uint8Array.of(1, 2, 3),
    });
  }

  /** The connection's next datagram. */
  transmit(nowMs: number): Uint8Array | undefined {
    const { connection } = this;
    if (connection === undefined) return undefined;
    if (connection.nextTimeoutAt() <= nowMs) connection.handleTimeout(nowMs);
    const length = connection.pollTransmit(this.buffer, 0, nowMs);
    return length === 0 ? undefined : this.buffer.slice(0, length);
  }
}
