import type { Peer } from "@sortie/server";
import type { Subject, SubjectUser } from "./subject.js";

/** ms between two looks whether a cluster ends. Its event "close" is left alone: an error is thrown without it. */
const LOOK_MS = 250;
/** Looks from one question for the figures to the next: workers have new ones once in a second. */
const LOOKS_PER_QUESTION = 4;

/** The part of the figures that is used. */
export interface AgonesClusterStatistics {
  readonly total: { readonly peers: number };
  readonly workers: readonly {
    readonly state: string;
    readonly server?: { readonly draining: boolean } | undefined;
  }[];
}

/**
 * The part of a `Cluster` of `@sortie/cluster` that is used: every one has it. Without `isDraining` its workers tell,
 * within about a second; without `isClosing` its end does.
 */
export interface AgonesCluster {
  readonly workers: number;
  /** undefined before `listen` and after `close`. */
  readonly address: object | undefined;
  /** Whether it turns newcomers away for good. */
  readonly isDraining?: boolean | undefined;
  /** Whether it ends; its peers may have time to leave. */
  readonly isClosing?: boolean | undefined;
  statistics(): Promise<AgonesClusterStatistics>;
  close(options?: { readonly drainMs?: number | undefined }): Promise<void>;
}

/** All workers of a cluster, seen from its main process: they are asked, as peers are theirs. */
export class ClusterSubject implements Subject {
  readonly #cluster: AgonesCluster;
  #user: SubjectUser | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #isAsking = false;
  /** There was an answer. */
  #isKnown = false;
  #peerCount = 0;
  /** ms of `performance.now()`: when the question of the last answer was asked. */
  #countedAtMs = Number.NEGATIVE_INFINITY;
  /** By the last answer. */
  #doAllDrain = false;
  /** What the user has heard, or seen when it came. */
  #hasDrained = false;
  /** When the user came. */
  #wasClosing = false;
  #isEndTold = false;

  constructor(cluster: AgonesCluster) {
    this.#cluster = cluster;
  }

  get isOpen(): boolean {
    return this.#cluster.address !== undefined;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get isDraining(): boolean {
    return this.#cluster.isDraining === true || this.#doAllDrain;
  }

  /** Of the last answer, a second old at the most where all workers answer. */
  get peerCount(): number {
    return this.#peerCount;
  }

  get countedAtMs(): number {
    return this.#countedAtMs;
  }

  peers(): Iterable<Peer<unknown>> {
    return [];
  }

  watch(user: SubjectUser): void {
    this.#user = user;
    this.#hasDrained = this.isDraining;
    // As of a server whose end was announced before: it is told when it is there.
    this.#wasClosing = this.#cluster.isClosing === true;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
    this.#ask();
  }

  unwatch(): void {
    this.#user = undefined;
    clearInterval(this.#timer);
  }

  close(options?: { readonly drainMs: number }): Promise<void> {
    return this.#cluster.close(options);
  }

  #look(): void {
    this.#tell();
    if (!this.isOpen) clearInterval(this.#timer);
    else if (++this.#looks % LOOKS_PER_QUESTION === 0) this.#ask();
  }

  /** What has begun since it was last told. */
  #tell(): void {
    const { isDraining } = this;
    const isClosing = this.#cluster.isClosing === true;
    const isEnding = !this.isOpen || (isClosing && !this.#wasClosing);
    if (isEnding && !this.#isEndTold) {
      this.#isEndTold = true;
      this.#user?.onDraining({ leaveMs: 0 });
    } else if (isDraining && !this.#hasDrained && !isClosing && this.isOpen) {
      this.#user?.onDraining({ leaveMs: Infinity });
    }
    this.#hasDrained = isDraining;
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const askedAtMs = performance.now();
    this.#cluster
      .statistics()
      .then((statistics) => this.#take(statistics, askedAtMs))
      // The next answer tells.
      .catch(() => undefined)
      .finally(() => (this.#isAsking = false));
  }

  #take({ total, workers }: AgonesClusterStatistics, askedAtMs: number): void {
    const isFirst = !this.#isKnown;
    const before = this.#peerCount;
    this.#isKnown = true;
    this.#peerCount = total.peers;
    this.#countedAtMs = askedAtMs;
    // All of them: one alone is being renewed, and the others take newcomers meanwhile.
    this.#doAllDrain = workers.every(
      ({ state, server }) => (state === "serving" || state === "closing") && server?.draining === true,
    );
    if (isFirst || total.peers > before) this.#user?.onConnect();
    else if (total.peers < before) this.#user?.onDisconnect();
    this.#user?.onCounted();
    this.#tell();
  }
}
