import type { CryptoProvider } from "@sortie/handshake";
import type { ReliableEndpoint } from "@sortie/reliability";
import {
  type ByteWriter,
  encodePadding,
  encodePathChallenge,
  encodePathResponse,
  encodePing,
  PACKET_HEADER_BYTES,
  PACKET_OVERHEAD_BYTES,
  PATH_DATA_BYTES,
  TAG_BYTES,
} from "@sortie/wire";
import { DatagramShelf, MAX_SHELVED_BYTES, NO_PLACE } from "./datagram-shelf.js";
import { BASE_MTU_BYTES } from "./mtu-search.js";
import type { Lifecycle } from "./lifecycle.js";
import type { MtuCause, MtuDiscovery } from "./mtu-discovery.js";
import { isSameHost, type PeerAddress } from "./peer-address.js";
import { Path } from "./path.js";
import type { TraceSink } from "./trace.js";

/** bytes. A client's PING from its new address pays for as much as a server keeps, and its challenge. */
const MOVE_BYTES = 192;

/** One for all. */
const shelf = new DatagramShelf();

export interface PathManagerOptions {
  readonly address: PeerAddress;
  /** Server: the peer is followed to other addresses, and what it may have missed meanwhile is kept. */
  readonly followsPeer: boolean;
  readonly mtu: MtuDiscovery;
  readonly endpoint: ReliableEndpoint;
  readonly crypto: CryptoProvider;
  /** Where "path-changed" goes. */
  readonly life: Lifecycle;
  readonly trace: TraceSink | undefined;
  /** The path is another: what was measured of the old one is to be forgotten. */
  readonly onPathForgotten: () => void;
}

/**
 * Everything about the way to the peer: which address is in use and which is being validated, how large datagrams may
 * be, and what of it the layers above must know when one of them changes.
 */
export class PathManager {
  /** Where the packet that was written last must go. */
  transmitTo: PeerAddress;
  /** Whether that is the current address and no other is looked at: `path` has nothing to say then, and is not read. */
  private isAtRest: boolean;
  private readonly path: Path;
  private readonly mtu: MtuDiscovery;
  private readonly followsPeer: boolean;
  /** Where the datagram is kept that went to the current address last; `NO_PLACE` before the first one. */
  private keptPlace: number;
  private keptBytes: number;
  /** It goes to the candidate too. */
  private mirrorDue: boolean;
  /** bytes: what the endpoint was told. */
  private toldBytes: number;
  /** bytes: what the trace was told. */
  private tracedBytes: number;
  private readonly endpoint: ReliableEndpoint;
  /** Nobody is challenged any more. */
  private isEnding: boolean;
  /** The datagram that is kept, where it is too large for the shelf, as while a candidate is validated. */
  private keptApart: Uint8Array | undefined;
  private readonly crypto: CryptoProvider;
  private readonly life: Lifecycle;
  private readonly trace: TraceSink | undefined;
  private readonly onPathForgotten: () => void;

  constructor(options: PathManagerOptions) {
    // In the order in which V8 is to lay them out: what every packet needs side by side.
    this.transmitTo = options.address;
    this.isAtRest = true;
    this.path = new Path(options.address);
    this.mtu = options.mtu;
    this.followsPeer = options.followsPeer;
    this.keptPlace = NO_PLACE;
    this.keptBytes = 0;
    this.mirrorDue = false;
    this.toldBytes = options.mtu.usableBytes;
    this.tracedBytes = options.mtu.currentBytes;
    this.endpoint = options.endpoint;
    this.isEnding = false;
    this.keptApart = undefined;
    this.crypto = options.crypto;
    this.life = options.life;
    this.trace = options.trace;
    this.onPathForgotten = options.onPathForgotten;
  }

  /** The peer's validated address. */
  get address(): PeerAddress {
    return this.isAtRest ? this.transmitTo : this.path.current;
  }

  /** bytes. The largest datagram that is sent now, MTU probes apart. */
  get mtuBytes(): number {
    return this.mtu.usableBytes;
  }

  /** Validated changes of the peer's address. */
  get migrations(): number {
    return this.path.migrations;
  }

  /** ms. When `onTimeout` has something to do. */
  get nextAtMs(): number {
    return this.isAtRest ? this.mtu.nextAtMs : Math.min(this.path.nextChallengeAtMs, this.mtu.nextAtMs);
  }

  /** The connection is up: the search for the path's MTU begins. */
  start(): void {
    this.mtu.start();
  }

  /**
   * The connection is ending: nothing more is asked of the path. A candidate is kept, as the peer may be there: the
   * CLOSE goes to both addresses.
   */
  stopAsking(): void {
    this.isEnding = true;
    this.path.stopChallenges();
    this.mtu.stop();
    this.keptBytes = 0;
    this.mirrorDue = false;
  }

  stop(): void {
    this.path.abandon();
    this.mtu.stop();
    if (this.keptPlace !== NO_PLACE) shelf.give(this.keptPlace);
    this.keptPlace = NO_PLACE;
    this.keptApart = undefined;
    this.keptBytes = 0;
    this.mirrorDue = false;
  }

  /** Whether the candidate is to hear from us now. */
  get isCandidateWaiting(): boolean {
    return !this.isAtRest && (this.path.challengeDue || this.path.answerDue);
  }

  onTimeout(nowMs: number): void {
    const { path, mtu, endpoint } = this;
    if (path.nextChallengeAtMs <= nowMs) path.onChallengeTimeout(nowMs, endpoint.probeTimeoutMs());
    if (mtu.nextAtMs <= nowMs && mtu.onTimeout(nowMs)) endpoint.requestPing();
    this.settle(nowMs);
  }

  /**
   * An authentic packet came. To a server, a new address becomes the candidate and is challenged; the datagram sent
   * last goes there at once, as the peer may have left the old address before it came.
   */
  onAuthenticPacket(from: PeerAddress, packetNumber: number, isNewest: boolean, bytes: number, nowMs: number): void {
    if (!this.followsPeer || (this.isAtRest && from === this.transmitTo)) return;
    this.isAtRest = false;
    if (!this.path.onAuthenticPacket(from, packetNumber, isNewest, bytes, nowMs) || this.isEnding) return;
    this.challenge(nowMs);
    this.mirrorDue = this.keptBytes > 0 && this.path.mayMirror(this.keptBytes);
  }

  /** Whether a packet that had come before is to be opened again: from here it shows that a copy was first. */
  isTelling(from: PeerAddress, nowMs: number): boolean {
    return this.followsPeer && this.path.isTelling(from, nowMs);
  }

  /** An authentic packet came that had come before. */
  onRepeated(from: PeerAddress, packetNumber: number, nowMs: number): void {
    if (!this.followsPeer) return;
    this.isAtRest = false;
    this.path.onRepeated(from, packetNumber, nowMs);
  }

  /** Client: asks another address of its server whether the connection can go on there. */
  tryAddress(address: PeerAddress, nowMs: number): void {
    if (address.equals(this.path.current)) return;
    this.isAtRest = false;
    this.path.tryCandidate(address, nowMs);
    this.challenge(nowMs);
  }

  /** Client: our own address changed. What was known of the path says nothing of the new one. */
  onLocalMove(nowMs: number): void {
    this.forgetPath(nowMs);
    this.endpoint.requestPing(MOVE_BYTES);
  }

  /**
   * A PATH_CHALLENGE came. True when the answer may go with other frames to the current address; one from the
   * candidate is answered there (RFC 9000 section 8.2.2). From elsewhere it was handed on by somebody who wants to be
   * taken for us: he would copy the answer.
   */
  onChallenge(bytes: Uint8Array, start: number, from: PeerAddress): boolean {
    const { path } = this;
    if (path.candidate?.equals(from) !== true) return path.current.equals(from);
    if (this.isEnding) return false;
    path.answer = bytes.slice(start, start + PATH_DATA_BYTES);
    path.answerDue = true;
    return false;
  }

  onResponse(bytes: Uint8Array, start: number, from: PeerAddress, nowMs: number): void {
    const { path } = this;
    const old = path.current;
    this.isAtRest = false;
    if (!path.onResponse(bytes, start, from)) return;
    this.mirrorDue = false;
    this.trace?.({ type: "path-changed", atMs: nowMs });
    // The owner has had its last event, and nothing more is measured.
    if (this.isEnding) return;
    this.life.tell({ type: "path-changed", address: path.current });
    // Another port of the same host is a NAT that forgot, and the same way (RFC 9000 section 9.4).
    if (!isSameHost(old, path.current)) this.forgetPath(nowMs);
  }

  /** After acknowledgements and losses. */
  settle(nowMs: number): void {
    const { mtu } = this;
    if (mtu.update(nowMs)) this.traceMtu("black-hole", nowMs);
    else if (mtu.currentBytes !== this.tracedBytes) this.traceMtu("probe", nowMs);
    this.tellEndpoint();
  }

  /** Writes a challenge or an answer for the candidate, alone in a packet. Its number, or -1 when none may go. */
  writePathPacket(writer: ByteWriter, nowMs: number): number {
    if (!this.isCandidateWaiting) return -1;
    const { path } = this;
    const frames = (path.challengeDue ? 1 : 0) + (path.answerDue ? 1 : 0);
    let bytes = PACKET_OVERHEAD_BYTES + frames * (1 + PATH_DATA_BYTES);
    // What a client sends of its own accord has the size that the path must carry (RFC 9000 section 8.2.1).
    const padding = path.isOurChoice ? BASE_MTU_BYTES - bytes : 0;
    bytes += padding;
    if (!path.maySend(bytes)) {
      // Over the amplification limit: the next one goes when its time comes and more was heard from there.
      path.challengeDue = false;
      path.answerDue = false;
      return -1;
    }
    if (path.answerDue) encodePathResponse(writer, path.answer);
    if (path.challengeDue) encodePathChallenge(writer, path.challenge);
    if (padding > 0) encodePadding(writer, padding);
    path.onPathPacketSent(bytes);
    this.transmitTo = path.candidate as PeerAddress;
    return this.endpoint.buildProbe(nowMs, bytes);
  }

  /** Writes an MTU probe (PING and PADDING) when one is due and nothing else goes. Its number, or -1 when not. */
  writeMtuProbe(writer: ByteWriter, buffer: Uint8Array, offset: number, nowMs: number): number {
    const bytes = this.mtu.dueProbeBytes();
    if (bytes === 0) return -1;
    writer.reset(buffer, offset + PACKET_HEADER_BYTES, offset + bytes - TAG_BYTES);
    encodePing(writer);
    encodePadding(writer, writer.remaining);
    const packetNumber = this.endpoint.buildProbe(nowMs, bytes);
    if (packetNumber >= 0) this.mtu.onProbeSent(packetNumber, bytes, nowMs, this.endpoint.probeTimeoutMs());
    return packetNumber;
  }

  /** Before the next packet is written. */
  beforePacket(nowMs: number): void {
    if (!this.isAtRest) {
      this.transmitTo = this.path.current;
      this.isAtRest = this.path.candidate === undefined;
    }
    if (this.mtu.usableBytes <= BASE_MTU_BYTES || !this.endpoint.isStalled(nowMs)) return;
    this.mtu.onStalled();
    this.tellEndpoint();
  }

  /**
   * A sealed datagram is on its way to the current address. While another is validated it goes there too, within the
   * amplification limit: whichever of them the peer is at, it misses nothing.
   */
  onSealed(buffer: Uint8Array, offset: number, bytes: number): void {
    const { path, isAtRest } = this;
    if (!this.followsPeer || (!isAtRest && this.transmitTo !== path.current)) return;
    if (isAtRest || path.candidate === undefined) {
      // A packet of game traffic from a new address would not pay for larger ones, within the amplification limit.
      if (bytes <= MAX_SHELVED_BYTES) this.keep(buffer, offset, bytes);
      else this.keptBytes = 0;
    } else if (path.mayMirror(bytes)) {
      this.keep(buffer, offset, bytes);
      this.mirrorDue = true;
    }
  }

  /** Whether a datagram is still to go to the candidate as well. */
  get isMirrorDue(): boolean {
    return this.mirrorDue && this.path.candidate !== undefined;
  }

  /** Writes the datagram that goes to the candidate as well. Its length, 0 for none. */
  takeMirror(buffer: Uint8Array, offset: number): number {
    const { path, keptBytes } = this;
    if (!this.mirrorDue) return 0;
    this.mirrorDue = false;
    if (path.candidate === undefined) return 0;
    const isApart = keptBytes > MAX_SHELVED_BYTES;
    buffer.set(isApart ? (this.keptApart as Uint8Array) : shelf.get(this.keptPlace, keptBytes), offset);
    path.onMirrored(keptBytes);
    this.transmitTo = path.candidate;
    return keptBytes;
  }

  private keep(buffer: Uint8Array, offset: number, bytes: number): void {
    this.keptBytes = bytes;
    if (bytes > MAX_SHELVED_BYTES) {
      this.keptApart = new Uint8Array(buffer.subarray(offset, offset + bytes));
      return;
    }
    if (this.keptPlace === NO_PLACE) this.keptPlace = shelf.take();
    shelf.put(this.keptPlace, buffer, offset, offset + bytes);
  }

  /** @throws what the provider does when its generator fails; then the candidate is none, and may come again */
  private challenge(nowMs: number): void {
    const { path } = this;
    try {
      path.startChallenge(this.crypto.randomBytes(PATH_DATA_BYTES), nowMs, this.endpoint.probeTimeoutMs());
    } catch (error) {
      path.abandon();
      throw error;
    }
    this.trace?.({ type: "path-challenge", atMs: nowMs });
  }

  /** Round trip, congestion window and MTU belong to a path (RFC 9000 section 9.4). */
  private forgetPath(nowMs: number): void {
    const before = this.mtu.currentBytes;
    this.mtu.restart();
    if (this.mtu.currentBytes !== before) this.traceMtu("path", nowMs);
    this.tellEndpoint();
    this.endpoint.onPathChanged(nowMs);
    this.onPathForgotten();
  }

  private tellEndpoint(): void {
    const bytes = this.mtu.usableBytes;
    if (bytes === this.toldBytes) return;
    this.toldBytes = bytes;
    this.endpoint.setMaxDatagramBytes(bytes);
  }

  private traceMtu(cause: MtuCause, nowMs: number): void {
    this.tracedBytes = this.mtu.currentBytes;
    this.trace?.({ type: "mtu", atMs: nowMs, mtuBytes: this.mtu.currentBytes, cause });
  }
}
