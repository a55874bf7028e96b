import { Connection, createResources, describeValue } from "@sortie/connection";
import {
  ClientHandshake,
  type CryptoProvider,
  type EstablishedKeys,
  type HandshakeKeys,
  identityOf,
  protocolId,
  respond,
} from "@sortie/handshake";
import { LinkSimulator } from "@sortie/transport-memory";
import { decodeClientHello, RESET_TOKEN_BYTES, SESSION_ID_BYTES, type TransportParameters } from "@sortie/wire";
import { checkMs } from "./check-ms.js";
import { Flights, ownDatagram } from "./flights.js";
import { PacketForger } from "./packet-forger.js";
import { PairAddress } from "./pair-address.js";
import { checkPairOptions, type ConnectionPairOptions } from "./pair-options.js";
import { createSeededCrypto } from "./seeded-crypto.js";

/** Parameters that both sides have unless told otherwise. */
export const PAIR_PARAMETERS: TransportParameters = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 25,
  maxDatagramBytes: 1452,
  maxMessageBytes: 1024 * 1024,
  receiveWindowBytes: 4 * 1024 * 1024,
  timedAcks: 1,
};

/** What sees each datagram before the link does; may change or replace it, or return undefined to swallow it. */
export type Interceptor = (datagram: Uint8Array, to: "client" | "server") => Uint8Array | undefined;

/** bytes. Buffer for one datagram under construction. */
const BUFFER_BYTES = 2048;
/** ms. Steps of less would hardly move time at all. */
const MIN_STEP_MS = 0.001;
/** Datagrams that one side may send at one instant; more is a connection that never stops. */
const MAX_BURST = 100_000;

/**
 * A client's and a server's connection with keys from a real handshake, joined by two simulated links in virtual time:
 * no sockets, no timers, no promises. `run` moves time; everything between is the caller's.
 */
export class ConnectionPair {
  /** ms. */
  nowMs = 0;
  readonly client: Connection;
  readonly server: Connection;
  readonly toServer: LinkSimulator;
  readonly toClient: LinkSimulator;
  readonly clientAddress: PairAddress = new PairAddress("client");
  readonly serverAddress: PairAddress = new PairAddress("server");
  /** Where the server sees the client's datagrams come from; set another to move the client. */
  seenAddress: PairAddress = this.clientAddress;
  /** Payload of CONNECT, once the server has it. */
  connectRequest: Uint8Array | undefined;
  interceptor: Interceptor | undefined;
  private readonly forgers: Readonly<Record<"client" | "server", PacketForger>>;
  private readonly flights: Flights = new Flights();
  private readonly buffer: Uint8Array = new Uint8Array(BUFFER_BYTES);
  private readonly autoAccept: boolean;
  private readonly crypto: CryptoProvider;

  /** Throws TypeError for an option of the wrong kind, or that there is not, RangeError for one out of range. */
  constructor(options: ConnectionPairOptions) {
    checkPairOptions(options);
    const { seed, link = {}, returnLink = link, settings = {} } = options;
    this.crypto = options.crypto ?? createSeededCrypto(seed);
    this.autoAccept = options.autoAccept ?? true;
    this.toServer = new LinkSimulator(link, seed, [1], "link");
    this.toClient = new LinkSimulator(returnLink, seed, [2], "returnLink");
    const clientParameters = { ...PAIR_PARAMETERS, ...options.clientParameters };
    const serverParameters = { ...PAIR_PARAMETERS, ...options.serverParameters };
    const keys = agreeOnKeys(this.crypto, clientParameters, serverParameters);
    this.forgers = {
      client: new PacketForger(this.crypto, "client", keys.client),
      server: new PacketForger(this.crypto, "server", keys.server),
    };
    const common = {
      settings,
      nowMs: 0,
      ...(options.keyLimits === undefined ? {} : { keyLimits: options.keyLimits }),
      ...(options.initialPacketNumber === undefined ? {} : { initialPacketNumber: options.initialPacketNumber }),
      ...(options.initialMessageId === undefined ? {} : { initialMessageId: options.initialMessageId }),
    };
    this.client = new Connection({
      ...common,
      role: "client",
      resources: createResources(this.crypto),
      keys: keys.client,
      localParameters: clientParameters,
      address: this.serverAddress,
      ...(options.connectPayload === undefined ? {} : { connectPayload: options.connectPayload }),
      ...(options.clientTrace === undefined ? {} : { trace: options.clientTrace }),
    });
    this.server = new Connection({
      ...common,
      role: "server",
      resources: createResources(this.crypto),
      keys: keys.server,
      localParameters: serverParameters,
      address: this.clientAddress,
      ...(options.serverTrace === undefined ? {} : { trace: options.serverTrace }),
    });
  }

  /** Lets both sides talk for `ms` (0 or more) of virtual time. Throws RangeError for what is no such number. */
  run(ms: number): void {
    checkMs("ms", ms, 0);
    const endMs = this.nowMs + ms;
    this.exchange();
    for (;;) {
      const nextMs = Math.min(this.flights.nextAtMs(), this.client.nextTimeoutAt(), this.server.nextTimeoutAt());
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.step();
    }
    this.nowMs = endMs;
  }

  /**
   * Runs in steps of `stepMs` (0.001 or more) until the condition holds; false when it does not within `maxMs`. Throws
   * RangeError for numbers that would make it run for ever.
   */
  runUntil(condition: () => boolean, maxMs: number, stepMs: number = 1): boolean {
    checkMs("maxMs", maxMs, 0);
    checkMs("stepMs", stepMs, MIN_STEP_MS);
    for (let elapsed = 0; elapsed < maxMs; elapsed += stepMs) {
      if (condition()) return true;
      this.run(stepMs);
    }
    return condition();
  }

  /**
   * Puts a datagram on its way by hand: a replay, a forgery. It arrives after `delayMs` (0 or more), past all links.
   * Throws RangeError for another delay, TypeError for a datagram that is no bytes or a side that there is not.
   */
  inject(datagram: Uint8Array, to: "client" | "server", from: PairAddress, delayMs: number = 0): void {
    checkSide("to", to);
    checkMs("delayMs", delayMs, 0);
    this.flights.add(this.nowMs + delayMs, to, from, ownDatagram(datagram));
  }

  /**
   * Puts a packet of any frames on its way, sealed with the keys that `as` has: that side turns hostile. Throws
   * TypeError for a side that there is not, RangeError for a delay as `inject` does.
   */
  injectForged(as: "client" | "server", packetNumber: number, frames: Uint8Array, delayMs: number = 0): void {
    checkSide("as", as);
    const datagram = this.forgers[as].seal(packetNumber, frames);
    if (as === "client") this.inject(datagram, "server", this.seenAddress, delayMs);
    else this.inject(datagram, "client", this.serverAddress, delayMs);
  }

  /** Datagrams under way. */
  get inFlight(): number {
    return this.flights.count;
  }

  private step(): void {
    for (;;) {
      const flight = this.flights.takeDue(this.nowMs);
      if (flight === undefined) break;
      const side = flight.to === "client" ? this.client : this.server;
      side.receive(flight.datagram, flight.from, this.nowMs);
    }
    if (this.client.nextTimeoutAt() <= this.nowMs) this.client.handleTimeout(this.nowMs);
    if (this.server.nextTimeoutAt() <= this.nowMs) this.server.handleTimeout(this.nowMs);
    this.exchange();
  }

  private exchange(): void {
    const request = this.server.takeConnectRequest();
    if (request !== undefined) {
      this.connectRequest = request;
      if (this.autoAccept) this.accept();
    }
    this.transmit(this.client, "server");
    this.transmit(this.server, "client");
  }

  /** The server lets the client in. */
  accept(): boolean {
    const { crypto } = this;
    return this.server.accept(crypto.randomBytes(SESSION_ID_BYTES), crypto.randomBytes(RESET_TOKEN_BYTES), this.nowMs);
  }

  private transmit(side: Connection, to: "client" | "server"): void {
    for (let sent = 0; sent < MAX_BURST; sent++) {
      const length = side.pollTransmit(this.buffer, 0, this.nowMs);
      if (length === 0) return;
      // A server's challenge to an address where nobody is gets lost.
      const target = side.transmitTo as PairAddress;
      if (to === "client" && !target.equals(this.seenAddress)) continue;
      this.launch(this.buffer.subarray(0, length), to);
    }
    throw new Error(`a connection sent more than ${MAX_BURST} datagrams at one instant`);
  }

  private launch(bytes: Uint8Array, to: "client" | "server"): void {
    const datagram = this.interceptor === undefined ? bytes : this.interceptor(bytes, to);
    if (datagram === undefined) return;
    const link = to === "server" ? this.toServer : this.toClient;
    const from = to === "server" ? this.seenAddress : this.serverAddress;
    const copies = link.transmit(datagram.length, this.nowMs);
    for (let copy = 0; copy < copies; copy++) {
      const arrival = ownDatagram(datagram);
      if (link.isCorrupted(copy)) link.damage(arrival);
      this.flights.add(link.arrivalMs(copy), to, from, arrival);
    }
  }
}

function checkSide(label: string, side: unknown): void {
  if (side === "client" || side === "server") return;
  throw new TypeError(`"${label}" expected "client" or "server", got ${describeValue(side)}`);
}

/** Keys of both sides from a handshake without a network. */
function agreeOnKeys(
  crypto: CryptoProvider,
  clientParameters: TransportParameters,
  serverParameters: TransportParameters,
): { client: EstablishedKeys; server: HandshakeKeys } {
  const identity = identityOf(crypto.generateKeyPair());
  const handshake = new ClientHandshake({
    crypto,
    protocolId: protocolId(crypto, "pair/1"),
    clientConnectionId: 0x0c0c_0c0c,
    parameters: clientParameters,
    trust: { kind: "pin", publicKey: identity.publicKey },
  });
  const datagram = handshake.hello();
  const hello = decodeClientHello(datagram);
  if (typeof hello === "string") throw new Error(`the hello does not decode: ${hello}`);
  const response = respond({ crypto, identity, parameters: serverParameters }, datagram, hello, 0x0505_0505);
  if (typeof response === "string") throw new Error(`the server refuses: ${response}`);
  const progress = handshake.receive(response.packet);
  if (progress.kind !== "established") throw new Error(`the client refuses: ${progress.kind}`);
  return { client: progress.keys, server: response.keys };
}
