import type { Clock, TimerHandle } from "@sortie/transport";
import type { ObservedPeer } from "./observed-server.js";

/** Parts of a round. A server with thousands of peers would miss ticks if it looked at all of them in one go. */
const SLICES = 10;
/** ms of a round: each peer is looked at once a second. */
export const ROUND_MS = 1000;
const SLICE_MS = ROUND_MS / SLICES;

export interface SamplerOptions {
  readonly clock: Clock;
  readonly peers: () => Iterable<ObservedPeer>;
  readonly onPeer: (peer: ObservedPeer, nowMs: number) => void;
  /** After each round; `elapsedMs` since the last one. */
  readonly onRound: (elapsedMs: number) => void;
  readonly onError: (error: unknown) => void;
}

/** Looks at all peers once a second, a tenth of them at a time, outside of everything that handles datagrams. */
export class Sampler {
  readonly #options: SamplerOptions;
  #timer: TimerHandle | undefined;
  #peers: ObservedPeer[] = [];
  #slice = 0;
  #roundBeganMs: number;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#roundBeganMs = options.clock.now();
    this.#arm(this.#roundBeganMs + SLICE_MS);
  }

  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #arm(atMs: number): void {
    this.#timer = this.#options.clock.setTimer(atMs, () => {
      const nowMs = this.#options.clock.now();
      // A process that was held up goes on from now: there is nothing to make up for.
      this.#arm(nowMs > atMs + SLICE_MS ? nowMs + SLICE_MS : atMs + SLICE_MS);
      try {
        this.#runSlice(nowMs);
      } catch (error) {
        this.#options.onError(error);
      }
    });
  }

  #runSlice(nowMs: number): void {
    const { peers, onPeer, onRound } = this.#options;
    if (this.#slice === 0) this.#peers = [...peers()];
    const all = this.#peers;
    const begin = Math.floor((all.length * this.#slice) / SLICES);
    const end = Math.floor((all.length * (this.#slice + 1)) / SLICES);
    this.#slice = (this.#slice + 1) % SLICES;
    for (let i = begin; i < end; i++) {
      const peer = all[i] as ObservedPeer;
      // Those who left meanwhile were counted when they left.
      if (peer.isConnected) onPeer(peer, nowMs);
    }
    if (this.#slice !== 0) return;
    this.#peers = [];
    const elapsedMs = nowMs - this.#roundBeganMs;
    this.#roundBeganMs = nowMs;
    onRound(elapsedMs);
  }
}
