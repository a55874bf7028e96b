import { SystemClock } from "@sortie/transport";
import { type Client, connect, createServer, generateIdentity, type Peer, type Server } from "sortie";
import { CONTROLLERS } from "../lib/controllers.js";
import { FlowBooks } from "../lib/flow-books.js";
import type { RunContext } from "../lib/scenario.js";
import { ProxyProcess } from "./proxy-process.js";

const PROTOCOL = "scenario-real/1";
/** ms between two looks of `until`. */
const LOOK_EVERY_MS = 5;

/** A client of the real world. */
export interface RealPlayer {
  readonly client: Client;
  readonly peer: Peer;
  readonly toServer: FlowBooks;
  readonly toClient: FlowBooks;
}

/** A server and its clients over UDP on loopback, through `sortie proxy`, in real time. */
export class RealWorld {
  readonly clock: SystemClock = new SystemClock();
  readonly server: Server;
  readonly players: RealPlayer[] = [];
  readonly faults: string[] = [];
  proxy!: ProxyProcess;
  private readonly identity = generateIdentity();
  private readonly protocol: ReturnType<(typeof CONTROLLERS)[RunContext["controller"]]>;
  private readonly tickListeners: ((nowMs: number) => void)[] = [];
  private isEnding = false;

  private constructor(context: RunContext) {
    this.protocol = CONTROLLERS[context.controller]();
    const { identity, clock } = this;
    const options = { protocol: PROTOCOL, identity, host: "127.0.0.1", port: 0, clock, tickRate: 60 };
    this.server = createServer({ ...options, ...this.protocol });
    this.server.on("error", (error) => this.faults.push(`server: ${String(error)}`));
    this.server.on("message", (peer, { channel, payload }) => {
      this.players.find((player) => player.peer === peer)?.toServer.receive(channel, payload, clock.now());
    });
    this.server.on("tick", () => {
      for (const listener of this.tickListeners) listener(clock.now());
    });
    this.server.on("disconnect", (peer, reason) => {
      if (!this.isEnding) this.faults.push(`server: peer ${peer.id} left, ${reason.code}`);
    });
  }

  static async start(context: RunContext, link: string): Promise<RealWorld> {
    const world = new RealWorld(context);
    const { port } = await world.server.listen();
    world.proxy = await ProxyProcess.start(port, link, context.seed);
    return world;
  }

  async join(): Promise<RealPlayer> {
    const { identity, clock } = this;
    const client = await connect({
      host: "127.0.0.1",
      port: this.proxy.port,
      protocol: PROTOCOL,
      serverKey: identity.publicKey,
      clock,
      ...this.protocol,
    });
    await this.until(() => this.peerOf(client) !== undefined, 1000);
    const peer = this.peerOf(client);
    if (peer === undefined) throw new Error("the server does not know a client that it accepted");
    const player: RealPlayer = { client, peer, toServer: new FlowBooks(), toClient: new FlowBooks() };
    this.players.push(player);
    client.on("message", ({ channel, payload }) => player.toClient.receive(channel, payload, clock.now()));
    client.on("disconnect", (reason) => {
      if (!this.isEnding) this.faults.push(`client: disconnected, ${reason.code}`);
    });
    return player;
  }

  onServerTick(listener: (nowMs: number) => void): void {
    this.tickListeners.push(listener);
  }

  /** Lets real time go by. */
  run(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(this.clock.now() + ms, resolve));
  }

  /** False when the condition does not hold within `maxMs`. */
  async until(condition: () => boolean, maxMs: number): Promise<boolean> {
    const endMs = this.clock.now() + maxMs;
    while (!condition()) {
      if (this.clock.now() >= endMs) return false;
      await this.run(LOOK_EVERY_MS);
    }
    return true;
  }

  /** Ends everything; gives what the proxy counted. */
  async end(): Promise<Awaited<ReturnType<ProxyProcess["stop"]>>> {
    this.isEnding = true;
    await Promise.all(this.players.map(({ client }) => client.close({ drainMs: 0 })));
    await this.server.close();
    return this.proxy.stop();
  }

  private peerOf(client: Client): Peer | undefined {
    for (const peer of this.server.peers.values()) if (peer.sessionId === client.sessionId) return peer;
    return undefined;
  }
}
