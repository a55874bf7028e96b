import { type Client, type ClientOptions, connect } from "@sortie/client";
import { type CryptoProvider, type Identity, identityOf } from "@sortie/handshake";
import { Server, type ServerOptions } from "@sortie/server";
import { assertNoLeaks, createSeededCrypto } from "@sortie/testkit";
import type { Clock, SocketAddress } from "@sortie/transport";
import {
  createNetwork,
  type LinkSpec,
  type MemoryNetwork,
  type MemoryTransport,
  type VirtualClock,
} from "@sortie/transport-memory";

export const PROTOCOL = "test/1";

export interface GameNetworkOptions {
  readonly seed?: number;
  readonly link?: LinkSpec;
  readonly server?: Partial<ServerOptions>;
  /** Makes the server's clock of the network's. */
  readonly serverClock?: (clock: VirtualClock) => Clock;
  /** Of both sides. Default: seeded. */
  readonly crypto?: CryptoProvider;
  /** Host names and their IP addresses. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

/** A memory network with a server at 10.0.0.1:1474 and seeded keys, all in virtual time. */
export class GameNetwork {
  readonly network: MemoryNetwork;
  readonly clock: VirtualClock;
  readonly crypto: CryptoProvider;
  readonly identity: Identity;
  readonly server: Server<unknown>;
  readonly serverTransport: MemoryTransport;
  readonly clients: Client[] = [];

  constructor(options: GameNetworkOptions = {}) {
    const seed = options.seed ?? 1;
    const { link = {}, names = {} } = options;
    this.network = createNetwork({ seed, link, names });
    this.clock = this.network.clock;
    this.crypto = options.crypto ?? createSeededCrypto(seed);
    this.identity = identityOf(this.crypto.generateKeyPair());
    this.serverTransport = this.network.createTransport({ host: "10.0.0.1", port: 1474 });
    this.server = new Server({
      protocol: PROTOCOL,
      identity: this.identity,
      crypto: this.crypto,
      transport: this.serverTransport,
      clock: options.serverClock?.(this.clock) ?? this.clock,
      ...options.server,
    });
  }

  get serverAddress(): SocketAddress {
    const address = this.serverTransport.localAddress;
    if (address === undefined) throw new Error("the server does not listen");
    return address;
  }

  clientOptions(options: Partial<ClientOptions> = {}): ClientOptions {
    return {
      host: "10.0.0.1",
      port: 1474,
      protocol: PROTOCOL,
      serverKey: this.identity.publicKey,
      crypto: this.crypto,
      transport: this.network.createTransport(),
      clock: this.clock,
      ...options,
    };
  }

  /** Starts the server. */
  async listen(): Promise<void> {
    await this.settle(this.server.listen());
  }

  /** Connects a client; virtual time moves until that is decided. */
  async connect(options: Partial<ClientOptions> = {}): Promise<Client> {
    return this.connectWith(this.clientOptions(options));
  }

  /** The same with options that are whole. */
  async connectWith(options: ClientOptions): Promise<Client> {
    const client = await this.settle(connect(options), 60_000);
    this.clients.push(client);
    return client;
  }

  /** Connects so many clients, all of which begin at one instant. */
  async connectAtOnce(count: number): Promise<void> {
    const joining = Array.from({ length: count }, () => connect(this.clientOptions({ timeoutMs: 30_000 })));
    this.clients.push(...(await this.settle(Promise.all(joining), 60_000)));
  }

  settle<T>(promise: Promise<T>, maxMs?: number): Promise<T> {
    return this.clock.runUntilSettled(promise, maxMs);
  }

  run(ms: number): Promise<void> {
    return this.clock.run(ms);
  }

  /** Ends everything and asserts that nothing is left. */
  async end(): Promise<void> {
    const closing = Promise.all([...this.clients.map((client) => client.close()), this.server.close()]);
    await this.settle(closing, 60_000);
    await this.run(1000);
    assertNoLeaks({ servers: [this.server], clock: this.clock });
  }
}

export function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}
