import type { Logger } from "@sortie/connection";
import type { DrainingEvent, Peer } from "@sortie/server";
import { type AgonesCluster, ClusterSubject } from "./cluster-subject.js";
import { givenAtOnce } from "./given-at-once.js";
import {
  type AgonesClusterOptions,
  type AgonesOptions,
  type AgonesServer,
  checkAgonesOptions,
  type CheckedAgonesOptions,
  isCluster,
} from "./options.js";
import type { GameServerView } from "./sdk.js";
import { ServerSubject } from "./server-subject.js";
import { SidecarLink } from "./sidecar-link.js";
import type { Subject } from "./subject.js";
import { Synchroniser } from "./synchroniser.js";

/** States in which Agones knows that the server is, or was, ready. */
const BEYOND_READY: readonly string[] = ["RequestReady", "Ready", "Reserved", "Allocated", "Shutdown"];
/** ms between two looks whether a server has ended whose end was announced before anybody listened here. */
const END_LOOK_MS = 250;

/** The life of a server, or of a cluster, under Agones. It ends with that; `close` ends it before. */
export class AgonesRunner {
  readonly #subject: Subject;
  readonly #options: CheckedAgonesOptions;
  readonly #logger: Logger;
  readonly #link: SidecarLink;
  readonly #synchronisers: Synchroniser[] = [];
  readonly #readiness: Synchroniser;
  #state: string | undefined;
  /** ms of `performance.now()`, of the state: peers counted before may have left with the round that was over then. */
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** The state that Agones told last, which may be older than what a call has made of it. */
  #toldState: string | undefined;
  #endWatch: NodeJS.Timeout | undefined;
  /** What Agones is to do of itself, next: told again until it has. */
  #wish: "ready" | "allocate" | undefined = "ready";
  #isEnding = false;
  #isClosed = false;

  /** @internal Use `runWithAgones`. */
  constructor(subject: Subject, options: CheckedAgonesOptions) {
    this.#subject = subject;
    this.#options = options;
    this.#logger = options.logger;
    this.#link = new SidecarLink({
      createSdk: options.createSdk,
      pingIntervalMs: options.healthIntervalMs,
      isHealthy: options.isHealthy,
      logger: options.logger,
      onConnected: () => this.#touchAll(),
      onGameServer: (gameServer) => this.#onGameServer(gameServer),
    });
    this.#readiness = this.#synchronise("the server's state", () => this.#fulfilWish());
    const { counter, list } = options;
    if (counter !== undefined) {
      this.#synchronise(`counter "${counter}"`, async () => {
        if (!subject.isKnown) return;
        await this.#link.call("setCounterCount", (sdk) => sdk.beta.setCounterCount(counter, subject.peerCount));
      });
    }
    if (list !== undefined) this.#synchronise(`list "${list}"`, () => this.#updateList(list));
    try {
      subject.watch({
        onConnect: () => {
          this.#allocateForPeers();
          this.#touchAll();
        },
        onDisconnect: () => this.#touchAll(),
        onCounted: () => this.#onCounted(),
        onDraining: (event) => this.#onDraining(event),
      });
      if (subject.isDraining) this.#joinDraining();
    } catch (error) {
      // Such as for too many listeners. Nobody would have what ends this, and Agones be told "ready" all the same.
      this.close();
      throw error;
    }
  }

  /**
   * As Agones has it: "Scheduled", "Ready", "Allocated", "Shutdown" and so on; undefined until it has told, or a call
   * of here has made it.
   */
  get state(): string | undefined {
    return this.#state;
  }

  /** Whether Agones' sidecar is there. */
  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  /** Players may come: what it says by itself at the start, and what you say after a round. Rejects where it fails. */
  async ready(): Promise<void> {
    await this.#moveTo("Ready", "ready");
  }

  /** Takes the server for its players: no allocator gives it to others. Rejects where it fails. */
  async allocate(): Promise<void> {
    await this.#moveTo("Allocated", "allocate");
  }

  /** Asks Agones to end this server; `onShutdown` follows. Rejects where it fails. */
  async shutdown(): Promise<void> {
    await this.#link.call("shutdown", (sdk) => sdk.shutdown());
  }

  /** Ends pings and all else; Agones will take the server for dead. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subject.unwatch();
    clearInterval(this.#endWatch);
    for (const each of this.#synchronisers) each.close();
    this.#link.close();
  }

  /** Nobody is to be sent here any more. Without a time for the end the server keeps its place, but for others. */
  #onDraining({ leaveMs }: Pick<DrainingEvent, "leaveMs">): void {
    if (leaveMs === Infinity) {
      // Agones does not come back from "Shutdown", and the state here would be a wrong one.
      if (!this.#isEnding && this.#state !== "Allocated") this.#ask("allocate");
      return;
    }
    clearInterval(this.#endWatch);
    this.#isEnding = true;
    this.#wish = undefined;
    // `close` gives the same promise as whoever called it has.
    void Promise.allSettled([this.#tellShutdown(), this.#subject.close()]).then(() => this.close());
  }

  /**
   * The server drained before it came here, as on a signal during its start: it is offered to nobody. Whether it has a
   * time for its end was told to those who listened then; that it has ended can be seen, and is told late rather than
   * never.
   */
  #joinDraining(): void {
    this.#wish = undefined;
    this.#onDraining({ leaveMs: Infinity });
    this.#endWatch = setInterval(() => {
      if (!this.#subject.isOpen) this.#onDraining({ leaveMs: 0 });
    }, END_LOOK_MS);
    this.#endWatch.unref();
  }

  /** At once: the server may be closed before the next update would be due. */
  async #tellShutdown(): Promise<void> {
    if (this.#state === "Shutdown") return;
    try {
      await this.shutdown();
      this.#logger.info({}, "told Agones: shutdown");
    } catch (error) {
      this.#logger.warn({ err: error }, "Agones does not know that the server ends; it will find it dead");
    }
  }

  /** The state is known from the answer on: the watch tells of it later, and a peer may come in between. */
  async #moveTo(state: string, call: "ready" | "allocate"): Promise<void> {
    const told = this.#toldState;
    await this.#link.call(call, (sdk) => sdk[call]());
    // What the watch told meanwhile may be newer, and if not, it will tell again.
    if (this.#toldState === told) this.#setState(state);
  }

  #setState(state: string): void {
    if (state !== this.#state) this.#changedAtMs = performance.now();
    this.#state = state;
  }

  /** Peers who were there when it became ready are looked at with the first count since. */
  #onCounted(): void {
    if (this.#state === "Ready") this.#allocateForPeers();
  }

  /** Where no allocator does it. */
  #allocateForPeers(): void {
    const { allocateOnFirstPeer = false } = this.#options;
    if (!allocateOnFirstPeer || this.#wish !== undefined || this.#isEnding) return;
    const { peerCount, countedAtMs } = this.#subject;
    // Those counted before are counted again soon.
    if (this.#state !== "Allocated" && peerCount > 0 && countedAtMs > this.#changedAtMs) this.#ask("allocate");
  }

  #ask(wish: "allocate"): void {
    this.#wish = wish;
    this.#readiness.touch();
  }

  async #fulfilWish(): Promise<void> {
    const wish = this.#wish;
    if (wish === undefined) return;
    // It may drain already. When that is known, this comes again.
    if (wish === "ready" && !this.#subject.isKnown) return;
    // The answer to an earlier "ready" may have been lost; to say it again would take the server from its players.
    const isKnown = wish === "ready" && BEYOND_READY.includes(await this.#askState());
    if (!isKnown) {
      await this[wish]();
      this.#logger.info({}, `told Agones: ${wish}`);
    }
    if (this.#wish !== wish) return;
    this.#wish = undefined;
    // Who came before Agones knew the server.
    if (wish === "ready") this.#allocateForPeers();
  }

  async #askState(): Promise<string> {
    const gameServer = await this.#link.call("getGameServer", (sdk) => sdk.getGameServer());
    this.#onGameServer(gameServer);
    return gameServer.status?.state ?? "";
  }

  #onGameServer({ objectMeta, status }: GameServerView): void {
    const state = status?.state;
    if (state !== undefined && state !== "") {
      const isNews = state !== this.#toldState;
      this.#toldState = state;
      this.#setState(state);
      if (isNews) this.#logger.info({ state, gameServer: objectMeta?.name }, `Agones: the server is ${state}`);
    }
    const isDeleted = (objectMeta?.deletionTimestamp ?? 0) > 0;
    if (this.#isEnding) return;
    if (state !== "Shutdown" && !isDeleted) {
      // A peer may have come while another state was known here, and would not be looked at again.
      if (state === "Ready") this.#allocateForPeers();
      return;
    }
    this.#isEnding = true;
    this.#wish = undefined;
    void this.#end();
  }

  /** As the application wants it; where that fails, at once or later, the server is closed all the same. */
  async #end(): Promise<void> {
    try {
      await this.#options.onShutdown();
    } catch (error) {
      this.#logger.error({ err: error }, '"onShutdown" failed: the server is closed instead');
      await this.#subject.close().catch((reason: unknown) => {
        this.#logger.error({ err: reason }, "the server could not be closed");
      });
    }
  }

  /** One by one, so that a list which somebody else has changed comes right as well. */
  async #updateList(name: string): Promise<void> {
    const here = new Set([...this.#subject.peers()].map((peer) => this.#playerId(peer)));
    const there = new Set(await this.#link.call("getList", (sdk) => sdk.beta.getListValues(name)));
    for (const value of there) {
      if (!here.has(value)) await this.#link.call("removeListValue", (sdk) => sdk.beta.deleteListValue(name, value));
    }
    for (const value of here) {
      if (!there.has(value)) await this.#link.call("addListValue", (sdk) => sdk.beta.appendListValue(name, value));
    }
  }

  #playerId(peer: Peer<unknown>): string {
    return givenAtOnce("playerId", this.#options.playerId(peer));
  }

  #synchronise(name: string, update: () => Promise<void>): Synchroniser {
    const made = new Synchroniser(name, this.#link, this.#logger, update);
    this.#synchronisers.push(made);
    return made;
  }

  #touchAll(): void {
    for (const each of this.#synchronisers) each.touch();
  }
}

/**
 * Runs a server that listens under Agones: says that it is ready, sends health pings, tells the number of peers, and
 * drains the server when Agones ends it. Without a sidecar, or with one that fails, the game goes on: what fails is
 * logged and tried again. Throws TypeError, RangeError or Error for bad arguments; Error in a worker of a cluster.
 */
export function runWithAgones<Data = unknown>(server: AgonesServer<Data>, options?: AgonesOptions<Data>): AgonesRunner;
/**
 * Runs a cluster of `@sortie/cluster` that listens under Agones, in its main process: all workers are one GameServer.
 * Their peers are counted once a second. Throws as for a server.
 */
export function runWithAgones(cluster: AgonesCluster, options?: AgonesClusterOptions): AgonesRunner;
export function runWithAgones(server: AgonesServer | AgonesCluster, options: AgonesOptions = {}): AgonesRunner {
  const checked = checkAgonesOptions(server, options);
  return new AgonesRunner(isCluster(server) ? new ClusterSubject(server) : new ServerSubject(server), checked);
}
