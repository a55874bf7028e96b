import type { ProtocolOptions } from "@sortie/connection";
import { type CryptoProvider, type Identity, identityOf } from "@sortie/handshake";
import type { CongestionController } from "@sortie/reliability";
import {
  createNetwork,
  type LinkSimulator,
  type LinkSpec,
  type MemoryNetwork,
  type MemoryTransport,
  type VirtualClock,
} from "@sortie/transport-memory";
import { type Client, connect, createServer, type Peer, type Server } from "sortie";
import { CONTROLLERS } from "./controllers.js";
import { Player } from "./player.js";
import type { RunContext } from "./scenario.js";
import { createSeededNodeCrypto } from "./seeded-node-crypto.js";

const PROTOCOL = "scenario/1";
const SERVER_HOST = "10.0.0.1";
const SERVER_PORT = 1474;

/** What is read at each sample for the plots. */
export type Gauges = Readonly<Record<string, () => number>>;

export interface WorldOptions {
  /** Each direction of the path between the server and any client. Default: ideal. */
  readonly link?: LinkSpec;
  /** The server's own uplink and downlink, shared by all clients. */
  readonly serverUplink?: LinkSpec;
  readonly serverDownlink?: LinkSpec;
  /** Of both sides. */
  readonly protocol?: ProtocolOptions;
  /** Default 60. */
  readonly tickRate?: number;
  /** Of the server. Default 256. */
  readonly maxPeers?: number;
}

/** A server and its clients by the public API, over the memory network in virtual time. */
export class World {
  readonly network: MemoryNetwork;
  readonly clock: VirtualClock;
  readonly server: Server;
  readonly players: Player[] = [];
  /** Errors and ends of connections that nobody asked for: an empty list at the end of every scenario. */
  readonly faults: string[] = [];
  private readonly serverTransport: MemoryTransport;
  private readonly crypto: CryptoProvider;
  private readonly identity: Identity;
  private readonly protocol: ProtocolOptions;
  private readonly byPeer: Map<number, Player> = new Map();
  private readonly tickListeners: ((nowMs: number) => void)[] = [];
  private readonly leaving: Set<number> = new Set();
  private lastController: CongestionController | undefined;
  private isEnding = false;

  constructor(context: Pick<RunContext, "seed" | "controller">, options: WorldOptions = {}) {
    const { seed, controller } = context;
    const { serverUplink, serverDownlink } = options;
    this.network = createNetwork({ seed, ...(options.link === undefined ? {} : { link: options.link }) });
    this.clock = this.network.clock;
    this.crypto = createSeededNodeCrypto(seed);
    this.identity = identityOf(this.crypto.generateKeyPair());
    this.protocol = { ...options.protocol, ...CONTROLLERS[controller]() };
    const { createCongestionController } = this.protocol;
    this.serverTransport = this.network.createTransport({
      host: SERVER_HOST,
      port: SERVER_PORT,
      ...(serverUplink === undefined ? {} : { link: serverUplink }),
      ...(serverDownlink === undefined ? {} : { receiveLink: serverDownlink }),
    });
    this.server = createServer({
      protocol: PROTOCOL,
      identity: this.identity,
      crypto: this.crypto,
      transport: this.serverTransport,
      clock: this.clock,
      tickRate: options.tickRate ?? 60,
      maxPeers: options.maxPeers ?? 256,
      handshakesPerPrefix: { perSecond: 1000, burst: 1000 },
      ...this.protocol,
      ...(createCongestionController === undefined
        ? {}
        : { createCongestionController: (context) => this.noteController(createCongestionController(context)) }),
    });
    this.server.on("error", (error) => this.faults.push(`server: ${String(error)}`));
    this.server.on("message", (peer, message) => {
      this.byPeer.get(peer.id)?.toServer.receive(message.channel, message.payload, this.clock.now());
    });
    this.server.on("tick", () => {
      for (const listener of this.tickListeners) listener(this.clock.now());
    });
    this.server.on("disconnect", (peer, reason) => {
      if (!this.isEnding && !this.leaving.has(peer.id))
        this.faults.push(`server: peer ${peer.id} left, ${reason.code}`);
    });
  }

  async listen(): Promise<void> {
    await this.clock.runUntilSettled(this.server.listen());
  }

  /** Connects a client; virtual time moves until that is decided. Rejects when it fails. */
  async join(transport: MemoryTransport = this.network.createTransport()): Promise<Player> {
    const { clock, crypto, identity, network } = this;
    const client: Client = await clock.runUntilSettled(
      connect({
        host: SERVER_HOST,
        port: SERVER_PORT,
        protocol: PROTOCOL,
        serverKey: identity.publicKey,
        crypto,
        transport,
        clock,
        ...this.protocol,
      }),
      120_000,
    );
    // The server tells of a new peer in its next tick.
    this.runUntil(() => this.peerOf(client) !== undefined, 1000, 1);
    const peer = this.peerOf(client);
    if (peer === undefined) throw new Error("the server does not know a client that it accepted");
    const player = new Player({ network, client, peer, transport });
    this.byPeer.set(peer.id, player);
    this.players.push(player);
    player.startReading();
    client.on("error", (error) => this.faults.push(`client: ${String(error)}`));
    client.on("disconnect", (reason) => {
      if (!this.isEnding && !this.leaving.has(peer.id)) this.faults.push(`client: disconnected, ${reason.code}`);
    });
    return player;
  }

  /** Closes one client and waits until the server has noticed. */
  async leave(player: Player): Promise<void> {
    this.leaving.add(player.peer.id);
    await this.clock.runUntilSettled(player.client.close({ drainMs: 0 }));
    this.runUntil(() => !this.server.peers.has(player.peer.id), 60_000);
  }

  /** The server's own uplink, when the scenario has one. */
  get serverUplink(): LinkSimulator {
    const { sendLink } = this.serverTransport;
    if (sendLink === undefined) throw new Error("the scenario gave the server no uplink");
    return sendLink;
  }

  /** Gauges of the server's congestion controller for the client that joined last; none for the default one. */
  windowGauges(): Gauges {
    const controller = this.lastController;
    if (controller === undefined) return {};
    return {
      windowBytes: () => controller.windowBytes,
      paceBytesPerSecond: () => controller.paceBytesPerSecond,
    };
  }

  /** Called in each tick of the server, before its flush. */
  onServerTick(listener: (nowMs: number) => void): void {
    this.tickListeners.push(listener);
  }

  /** Moves virtual time. Synchronous: nothing between needs a promise. */
  run(ms: number): void {
    this.clock.advanceBy(ms);
  }

  /** Runs in steps until `condition`; false when it does not hold within `maxMs`. */
  runUntil(condition: () => boolean, maxMs: number, stepMs: number = 10): boolean {
    const endMs = this.clock.now() + maxMs;
    while (!condition()) {
      if (this.clock.now() >= endMs) return false;
      this.run(stepMs);
    }
    return true;
  }

  /** Ends everything. */
  async end(): Promise<void> {
    this.isEnding = true;
    const closing = [...this.players.map(({ client }) => client.close({ drainMs: 0 })), this.server.close()];
    await this.clock.runUntilSettled(Promise.all(closing), 60_000);
  }

  private noteController(controller: CongestionController): CongestionController {
    this.lastController = controller;
    return controller;
  }

  private peerOf(client: Client): Peer | undefined {
    for (const peer of this.server.peers.values()) if (peer.sessionId === client.sessionId) return peer;
    return undefined;
  }
}
