import { createResources } from "@sortie/connection";
import { identityOf, protocolId } from "@sortie/handshake";
import { ServerCore, type ServerCoreHandler, type ServerCoreOptions } from "@sortie/server";
import { DatagramBatch, SocketAddress } from "@sortie/transport";
import { CloseCode, decodeClientHello, decodeRetry, MAX_DATAGRAM_BYTES, type TransportParameters } from "@sortie/wire";
import { FuzzedClient } from "../lib/fuzzed-client.js";
import { Program } from "../lib/program.js";
import { PACKET_WORDS, SAMPLE_PARAMETERS, samplePackets } from "../lib/sample-packets.js";
import { createShamCrypto, type CryptoWork } from "../lib/sham-crypto.js";
import { check, type FuzzTarget, toHex } from "../lib/target.js";

const PARAMETERS = SAMPLE_PARAMETERS[0] as TransportParameters;
/** Of a program; more show nothing new and take time. */
const MAX_STEPS = 100;
const MAX_PEERS = 2;
const MAX_HALF_OPEN = 2;
/** ms. Longer than every timeout of the server. */
const LONG_MS = 60_000;
const SERVER = SocketAddress.parse("192.0.2.1", 1474);
const ADDRESSES = ["198.51.100.7", "198.51.100.8", "2001:db8::7", "127.0.0.1"].map((ip) => SocketAddress.parse(ip, 9));
const NOBODY: ServerCoreHandler = {
  onConnect: () => undefined,
  onMessage: () => undefined,
  onDrain: () => undefined,
  onQuality: () => undefined,
  onAdvice: () => undefined,
  onDisconnect: () => undefined,
  onHandshakeFailed: () => undefined,
};

/**
 * A whole server and what the internet sends it: hellos of three clients, genuine or changed, from their own or other
 * addresses, with new cookies, old ones and none; any other bytes. Nothing throws, no answer is larger than its cause,
 * no public-key operation runs before an address has echoed a cookie that was sent to it, the caps hold, and in the end
 * nothing is left.
 */
export const serverHandshake: FuzzTarget = {
  name: "server-handshake",
  maxBytes: 1400,
  freshRuns: 100,
  dictionary: PACKET_WORDS,
  seeds: () => {
    const { clientHellos } = samplePackets();
    // Hello, answer (RETRY), hello with cookie, answer (SERVER_HELLO), CONNECT, decision, ACCEPT.
    const connect = [0, 0, 3, 0, 0, 3, 2, 4, 3, 2, 3];
    return [
      ...clientHellos.map((hello) => Uint8Array.from([1, 0, 255, hello.length >> 8, hello.length & 0xff, ...hello])),
      Uint8Array.from(connect),
      Uint8Array.from([...connect, ...connect.map((byte) => (byte < 4 && byte !== 3 ? byte | 0x10 : byte)), 0xf5]),
      Uint8Array.from([0, 0, 3, 0, 0, 3, 0, 0, 3, 2, 0x0c, 3, 6]),
      // A decision that comes when the client has given up and another one has its slot.
      Uint8Array.from([0, 0, 0, 0, 2, 0xf5, 0x10, 0, 0x10, 0, 0x0c]),
    ];
  },
  run(input) {
    const program = new Program(input);
    const session = new Session();
    for (let steps = 0; steps < MAX_STEPS && !program.isOver; steps++) session.step(program);
    session.end();
  },
};

class Session {
  private readonly work: CryptoWork = { publicKeyOperations: 0 };
  private readonly core: ServerCore;
  private readonly clients: readonly FuzzedClient[];
  private readonly batch = new DatagramBatch();
  /** Cookies that the server has sent, each after its address. */
  private readonly cookies = new Set<string>();
  private nowMs = 0;

  constructor() {
    const crypto = createShamCrypto(1, this.work);
    const id = protocolId(crypto, "fuzz/1");
    this.core = new ServerCore({
      resources: createResources(crypto),
      identity: identityOf(crypto.generateKeyPair()),
      protocolId: id,
      parameters: PARAMETERS,
      settings: {},
      // An empty one.
      blockList: { has: () => false } as unknown as ServerCoreOptions["blockList"],
      maxPeers: MAX_PEERS,
      maxHalfOpen: MAX_HALF_OPEN,
      handshakesPerSecond: 100,
      handshakesPerPrefix: { perSecond: 10, burst: 10 },
      tickIntervalMs: 0,
    });
    this.clients = [0, 1, 2].map((i) => {
      const clientCrypto = createShamCrypto(10 + i);
      return new FuzzedClient(clientCrypto, id, PARAMETERS, 0x0c0c_0c00 + i, ADDRESSES[i] as SocketAddress);
    });
  }

  step(program: Program): void {
    const kind = program.u8();
    const client = this.clients[((kind >> 4) & 3) % this.clients.length] as FuzzedClient;
    switch (kind & 7) {
      case 0:
        this.receive(program.patch(client.hello()), kind & 8 ? program.pick(ADDRESSES) : client.address);
        break;
      case 1:
        this.receive(program.block(), program.pick(ADDRESSES));
        break;
      case 2: {
        const datagram = client.transmit(this.nowMs);
        if (datagram === undefined) break;
        this.receive(
          kind & 8 ? program.patch(datagram) : datagram,
          kind & 0x40 ? program.pick(ADDRESSES) : client.address,
        );
        break;
      }
      case 3:
        this.transmit();
        break;
      case 4:
        this.decide(kind);
        break;
      case 5:
        this.wait(2 ** (kind >> 4));
        break;
      case 6:
        this.core.shutdownReason = (kind & 8) === 0 ? undefined : "fuzz";
        break;
      default:
        client.connection?.close(CloseCode.Normal, "", this.nowMs);
    }
    this.core.dispatch(NOBODY);
    this.transmit();
    this.checkCaps();
  }

  /** Gives the server a datagram and looks at what it does before anything else happens. */
  private receive(datagram: Uint8Array, from: SocketAddress): void {
    this.transmit();
    const operations = this.work.publicKeyOperations;
    this.core.receive(datagram, from, this.nowMs);
    if (this.work.publicKeyOperations > operations) {
      const hello = decodeClientHello(datagram);
      const cookie = typeof hello === "string" ? "none" : toHex(hello.cookie);
      check(this.cookies.has(`${from} ${cookie}`), "a public-key operation for an address without a cookie");
    }
    this.transmit(datagram, from);
  }

  /** Collects what the server sends; `cause` is the only datagram that it came to know since the last time. */
  private transmit(cause?: Uint8Array, from?: SocketAddress): void {
    const { batch } = this;
    for (let more = true; more;) {
      more = this.core.pollTransmit(batch, this.nowMs);
      for (let i = 0; i < batch.count; i++)
        this.deliver(batch.payload(i), batch.addresses[i] as SocketAddress, cause, from);
      batch.clear();
    }
  }

  private deliver(datagram: Uint8Array, to: SocketAddress, cause?: Uint8Array, from?: SocketAddress): void {
    check(datagram.length <= MAX_DATAGRAM_BYTES, `a datagram of ${datagram.length} bytes`);
    const isHandshake = (datagram[0] as number) < 0x40;
    if (isHandshake && cause !== undefined && from !== undefined) {
      check(to.equals(from), "an answer to another address");
      check(datagram.length <= cause.length, `${datagram.length} bytes in answer to ${cause.length}`);
    }
    const retry = decodeRetry(datagram);
    if (typeof retry !== "string") this.cookies.add(`${to} ${toHex(retry.cookie)}`);
    for (const client of this.clients) {
      if (client.address.equals(to)) client.receive(datagram.slice(), SERVER, this.nowMs);
    }
  }

  private decide(kind: number): void {
    const request = this.core.pollRequest();
    if (request === undefined) return;
    if (kind & 8) this.core.close(request.entry, CloseCode.Refused, "no", this.nowMs);
    else this.core.accept(request.entry, this.nowMs);
  }

  private wait(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let turns = 0; this.core.nextTimeoutAt() <= endMs; turns++) {
      check(turns < 10_000, "timeouts without end");
      this.nowMs = Math.max(this.nowMs, this.core.nextTimeoutAt());
      this.core.handleTimeout(this.nowMs);
      this.core.dispatch(NOBODY);
      this.transmit();
    }
    this.nowMs = endMs;
  }

  private checkCaps(): void {
    const { admission, peerCount, table } = this.core;
    check(
      admission.halfOpen >= 0 && admission.halfOpen <= MAX_HALF_OPEN,
      `${admission.halfOpen} half-open connections`,
    );
    check(peerCount >= 0 && peerCount <= MAX_PEERS, `${peerCount} peers`);
    check(table.size <= MAX_PEERS + MAX_HALF_OPEN, `${table.size} connections`);
    const wakesAt = this.core.nextTimeoutAt();
    table.forEach(({ connection }) => {
      check(wakesAt <= connection.nextTimeoutAt(), "the server sleeps through a timeout of a connection");
    });
  }

  end(): void {
    const { core } = this;
    core.shutdownReason = "fuzz";
    while (core.pollRequest() !== undefined);
    core.table.forEach((entry) => core.close(entry, CloseCode.ShuttingDown, "", this.nowMs));
    this.transmit();
    this.wait(LONG_MS);
    core.dispatch(NOBODY);
    const { admission, peerCount, table } = core;
    const left = [table.size, peerCount, admission.halfOpen];
    check(
      left.every((count) => count === 0),
      `left after the end: ${left.join()}`,
    );
    check(core.nextTimeoutAt() === Infinity, `a timeout after the end: ${core.nextTimeoutAt()}`);
  }
}
