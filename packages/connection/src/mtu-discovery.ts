import type { PacketFates } from "@sortie/reliability";
import { BlackHoleDetector } from "./black-hole-detector.js";
import { BASE_MTU_BYTES, nextProbeBytes } from "./mtu-search.js";

/** Probes of one size that are lost before it is taken not to pass (RFC 8899 section 5.1.2, MAX_PROBES). */
const MAX_PROBES = 3;
/** ms. When a search that ended below the cap begins anew (RFC 8899 section 5.1.1, PMTU_RAISE_TIMER). */
const RAISE_AFTER_MS = 600_000;
/** ms. After a second black hole in a row the search waits this long, and twice as long after each further one. */
const COOLDOWN_MS = 60_000;

/** How the size of datagrams is chosen. */
export interface MtuOptions {
  /** bytes. The largest datagram that may be sent: own setting and the peer's `maxDatagramBytes`. */
  readonly capBytes: number;
  /** Whether the size is searched for; else it is the cap, but on a path that turns out not to carry that. */
  readonly search: boolean;
}

/** Why the size changed. */
export type MtuCause =
  /** A probe of that size arrived. */
  | "probe"
  /** Large packets were lost, smaller ones were not: back to the base. */
  | "black-hole"
  /** Another path: back to where it began. */
  | "path";

/**
 * Path MTU discovery for datagrams (RFC 8899): the largest datagram that the path carries, found by probes that are
 * acknowledged or lost, never by ICMP messages, which anyone can forge. Every path carries the base of 1200 bytes, so
 * nothing makes it smaller than that.
 *
 * A size that was set is used from the start, without a search. A path that does not carry it gets the base all the
 * same, until a probe of that size arrives: no others are tried.
 *
 * A probe that is lost counts against its size only when a later packet arrived: an outage says nothing. Feed it by
 * the methods of {@link PacketFates}, then `update`; ask `dueProbeBytes` when nothing else is to be sent.
 */
export class MtuDiscovery implements PacketFates {
  /** bytes. What is known to pass, or was set and not found to fail. */
  currentBytes: number;
  private stalled: boolean;
  /** Whether the search is under way. */
  private isSearching: boolean;
  /** Number of the probe in flight; -1 for none. */
  private probeNumber: number;
  /** ms. When it begins again; undefined when it is under way, or will not. */
  private searchAtMs: number | undefined;
  /** Whether the detector may suspect something: else it is not asked. */
  private isSuspicious: boolean;
  /** Packets no larger than the base, acknowledged since the detector was told of them last. */
  private smallAcked: number;
  private readonly detector: BlackHoleDetector;
  readonly capBytes: number;
  /** Whether the size was set: it or the base, and nothing between. */
  private readonly isPinned: boolean;
  /** Whether the connection is up: before that nothing is searched for. */
  private isStarted: boolean;
  /** bytes. The smallest size that is known not to pass; above the cap when there is none. */
  private failsBytes: number;
  /** bytes of the probe. */
  private probeBytes: number;
  private probesLost: number;
  /** ms. When the probe, if it is still in flight then, needs a later packet to tell whether it was lost. */
  private companionAtMs: number;
  private blackHoles: number;
  private blackHoleAtMs: number;

  constructor(options: MtuOptions) {
    const { capBytes, search } = options;
    // In the order in which V8 is to lay them out: what every packet needs side by side.
    this.currentBytes = search ? Math.min(BASE_MTU_BYTES, capBytes) : capBytes;
    this.stalled = false;
    this.isSearching = false;
    this.probeNumber = -1;
    this.searchAtMs = undefined;
    this.isSuspicious = false;
    this.smallAcked = 0;
    this.detector = new BlackHoleDetector();
    this.capBytes = capBytes;
    this.isPinned = !search;
    this.isStarted = false;
    this.failsBytes = capBytes + 1;
    this.probeBytes = 0;
    this.probesLost = 0;
    this.companionAtMs = Infinity;
    this.blackHoles = 0;
    this.blackHoleAtMs = -Infinity;
  }

  /** bytes. The largest datagram to be sent now, probes apart. */
  get usableBytes(): number {
    return this.stalled ? Math.min(BASE_MTU_BYTES, this.currentBytes) : this.currentBytes;
  }

  /** ms. When `onTimeout` has something to do. */
  get nextAtMs(): number {
    const companionAtMs = this.probeNumber < 0 ? Infinity : this.companionAtMs;
    return this.searchAtMs === undefined ? companionAtMs : Math.min(companionAtMs, this.searchAtMs);
  }

  /** The connection is up: the search begins. */
  start(): void {
    this.isStarted = true;
    if (this.currentBytes < this.capBytes) this.isSearching = true;
  }

  /** Another path, of which nothing is known. */
  restart(): void {
    this.currentBytes = this.firstBytes;
    this.blackHoles = 0;
    this.beginSearch();
  }

  stop(): void {
    this.endSearch(undefined);
    this.endProbe();
    this.resetDetector();
  }

  /** bytes of the probe that should go now; 0 for none. */
  dueProbeBytes(): number {
    if (!this.isSearching || this.probeNumber >= 0 || this.stalled) return 0;
    const { currentBytes, failsBytes, capBytes } = this;
    if (!this.isPinned) return nextProbeBytes(currentBytes, failsBytes, capBytes);
    return currentBytes < capBytes && failsBytes > capBytes ? capBytes : 0;
  }

  onProbeSent(packetNumber: number, bytes: number, nowMs: number, probeTimeoutMs: number): void {
    this.probeNumber = packetNumber;
    this.probeBytes = bytes;
    this.companionAtMs = nowMs + probeTimeoutMs;
  }

  /** Serves what is due; true when an ack-eliciting packet should go, so that a lost probe is found out. */
  onTimeout(nowMs: number): boolean {
    if (this.searchAtMs !== undefined && this.searchAtMs <= nowMs) this.beginSearch();
    if (this.companionAtMs > nowMs) return false;
    this.companionAtMs = Infinity;
    return this.probeNumber >= 0;
  }

  onPacketAcked(packetNumber: number, bytes: number): void {
    this.stalled = false;
    if (packetNumber === this.probeNumber) this.onProbeAcked();
    // Nearly all: counted here, so that the detector need not be fetched for each of them.
    if (bytes <= BASE_MTU_BYTES) this.smallAcked += 1;
    else this.informed().onAcked(packetNumber, bytes);
  }

  onPacketLost(packetNumber: number, bytes: number): void {
    // Larger than what is sent now: from before a black hole was noticed, or a probe.
    if (bytes <= this.currentBytes) {
      this.informed().onLost(packetNumber, bytes);
      this.isSuspicious = true;
    }
    if (packetNumber === this.probeNumber) this.onProbeLost();
  }

  /** Nothing is acknowledged any more, perhaps because of its size: only the base is sent until something is. */
  onStalled(): void {
    this.stalled = true;
  }

  /** After acknowledgements and losses: true when the path has come to swallow large packets. */
  update(nowMs: number): boolean {
    if (this.isSearching && this.probeNumber < 0 && this.dueProbeBytes() === 0 && !this.stalled) {
      this.endSearch(this.currentBytes < this.capBytes ? nowMs + RAISE_AFTER_MS : undefined);
    }
    if (!this.isSuspicious) return false;
    const detector = this.informed();
    this.isSuspicious = detector.hasSuspects;
    if (!detector.detected) return false;
    this.onBlackHole(nowMs);
    return true;
  }

  /** The detector, told of what was acknowledged. */
  private informed(): BlackHoleDetector {
    const { detector, smallAcked } = this;
    this.smallAcked = 0;
    if (smallAcked > 0) detector.onSmallAcked(smallAcked);
    return detector;
  }

  /** bytes. Where each path begins. */
  private get firstBytes(): number {
    return this.isPinned ? this.capBytes : Math.min(BASE_MTU_BYTES, this.capBytes);
  }

  private onProbeAcked(): void {
    this.currentBytes = this.probeBytes;
    this.endProbe();
    this.probesLost = 0;
  }

  private onProbeLost(): void {
    this.probesLost += 1;
    if (this.probesLost >= MAX_PROBES) {
      this.failsBytes = this.probeBytes;
      this.probesLost = 0;
    }
    this.endProbe();
  }

  private endProbe(): void {
    this.probeNumber = -1;
    this.companionAtMs = Infinity;
  }

  /** The first search comes at once: perhaps it was an outage after all, perhaps a size between still passes. */
  private onBlackHole(nowMs: number): void {
    const recent = nowMs - this.blackHoleAtMs < RAISE_AFTER_MS;
    this.blackHoles = recent ? this.blackHoles + 1 : 1;
    this.blackHoleAtMs = nowMs;
    this.currentBytes = BASE_MTU_BYTES;
    this.beginSearch();
    if (this.blackHoles > 1) this.endSearch(nowMs + Math.min(COOLDOWN_MS * 2 ** (this.blackHoles - 2), RAISE_AFTER_MS));
  }

  private resetDetector(): void {
    this.smallAcked = 0;
    this.isSuspicious = false;
    this.detector.reset();
  }

  private beginSearch(): void {
    this.endProbe();
    this.probesLost = 0;
    this.failsBytes = this.capBytes + 1;
    this.isSearching = this.isStarted;
    this.searchAtMs = undefined;
    this.resetDetector();
  }

  /** @param againAtMs ms: when it begins anew, if it does */
  private endSearch(againAtMs: number | undefined): void {
    this.isSearching = false;
    this.searchAtMs = againAtMs;
  }
}
