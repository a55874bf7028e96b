import type { DrainingEvent, Peer } from "@sortie/server";

/** Who hears of what happens to a subject. */
export interface SubjectUser {
  /** There are more peers than before, or how many there are is known now. */
  onConnect(): void;
  onDisconnect(): void;
  /** `countedAtMs` is later, whether `peerCount` has changed or not. */
  onCounted(): void;
  /** It takes no newcomers any more, and ends, unless the time until then is Infinity. */
  onDraining(event: Pick<DrainingEvent, "leaveMs">): void;
}

/** What runs under Agones, as its runner sees it: a server, or all workers of a cluster. */
export interface Subject {
  readonly isOpen: boolean;
  /** Whether `isDraining` and `peerCount` are known. */
  readonly isKnown: boolean;
  /** Whether it is known to turn newcomers away. */
  readonly isDraining: boolean;
  readonly peerCount: number;
  /** ms of `performance.now()`: `peerCount` was asked for then. Infinity: it is always that of now. */
  readonly countedAtMs: number;
  /** Those in this process. */
  peers(): Iterable<Peer<unknown>>;
  /** Throws what the subject throws for a listener too many. One user at a time. */
  watch(user: SubjectUser): void;
  /** Also after a `watch` that threw. Idempotent. */
  unwatch(): void;
  /** As of a server; further calls give the same promise. */
  close(options?: { readonly drainMs: number }): Promise<void>;
}
