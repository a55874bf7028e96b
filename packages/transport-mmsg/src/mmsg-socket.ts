import { constants } from "node:os";
import type { DatagramBatch, SocketAddress } from "@sortie/transport";
import { hostTimers, type SocketOptions, type UdpSocket, type UdpSocketUser } from "@sortie/transport-dgram/udp";
import { FdPoll } from "./fd-poll.js";
import {
  IP_MTU_DISCOVER,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  PMTUDISC_PROBE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOL_SOCKET,
} from "./linux-abi.js";
import { type LinuxSockets, systemCallError } from "./linux-sockets.js";
import { LocalAddresses } from "./local-addresses.js";
import { ReceiveHold } from "./receive-hold.js";
import { RECEIVE_SLOTS, ReceiveRing } from "./receive-ring.js";
import { SendQueue } from "./send-queue.js";
import { SendRing } from "./send-ring.js";
import { sockaddrBuffer, type SockaddrCodec, SockaddrParts } from "./sockaddr.js";
import type { SourceCache } from "./source-cache.js";

const { EAGAIN, EBADF, EINTR, ENOTSOCK } = constants.errno;

/** Receive calls of one turn of the event loop, so that a flood leaves time for ticks: 256 datagrams. */
const MAX_FILLS_PER_TURN = 4;
/** The same where the user asks for what waits: 4096 datagrams, more than the socket's buffer holds by default. */
const MAX_FILLS_ON_REQUEST = 64;
/** ms. How long closing waits for the system to take what was sent. */
const CLOSE_GRACE_MS = 1000;
/** ms. Hold of a socket whose datagrams do not tell how long they waited: round trips are measured longer by it. */
const MAX_UNSTAMPED_HOLD_MS = 2;

/** A bound UDP socket of its own descriptor, which receives and sends in batches. */
export class MmsgSocket implements UdpSocket {
  readonly localAddress: SocketAddress;
  readonly #fd: number;
  readonly #sockets: LinuxSockets;
  readonly #user: UdpSocketUser;
  readonly #ring: ReceiveRing;
  readonly #queue: SendQueue;
  readonly #poll: FdPoll;
  readonly #hold: ReceiveHold;
  /** Slots of the ring that are filled, and the first of them that was not handed over. */
  #filled = 0;
  #slot = 0;
  /** ms. When the socket was last found empty. */
  #emptyAtMs = hostTimers.now();
  #closed = false;
  /** The descriptor is no socket of ours any more: it must not be read, written or closed, whoever asks. */
  #gone = false;
  #closing: Promise<void> | undefined = undefined;
  #onDrained: (() => void) | undefined = undefined;

  /** Takes over a bound descriptor; where it throws, the caller closes it. */
  private constructor(fd: number, sockets: LinuxSockets, options: MmsgSocketOptions, user: UdpSocketUser) {
    this.#fd = fd;
    this.#sockets = sockets;
    this.#user = user;
    const { codec } = options;
    const parts = new SockaddrParts();
    parts.read(sockets.localAddress(fd), 0);
    this.localAddress = codec.addressOf(parts);
    const { family } = options.local;
    this.#ring = new ReceiveRing(sockets, options.sources, new LocalAddresses(codec, parts.port));
    // A socket of one address can send from no other.
    const answers = isAny(this.localAddress) && this.#ring.tellLocal(fd, family);
    const targets = { family, ipv6Only: options.ipv6Only };
    const sendRing = new SendRing(sockets, codec, targets, options.segments, answers);
    this.#queue = new SendQueue(fd, sockets, sendRing, user.counters, {
      watchWritable: (watch) => this.#poll.watchWritable(watch),
      onGone: (error) => this.#onGone(error),
      onDrained: () => this.#onDrained?.(),
    });
    this.#poll = new FdPoll(
      sockets.koffi,
      fd,
      () => this.#onReady(),
      () => this.#closeDescriptor(),
    );
    if (options.unref) this.#poll.unref();
    this.#hold = new ReceiveHold(this.#poll, () => this.#read(MAX_FILLS_PER_TURN), options.unref);
  }

  /** Opens a socket at `options.local`. Throws an error of the system. */
  static open(sockets: LinuxSockets, options: MmsgSocketOptions, user: UdpSocketUser): MmsgSocket {
    const fd = sockets.open(options.local.family);
    try {
      configure(sockets, fd, options);
      options.codec.forgetZones();
      const name = sockaddrBuffer();
      if (!options.codec.write(name, 0, options.local.family, options.local)) {
        throw systemCallError(constants.errno.EADDRNOTAVAIL, "if_nametoindex");
      }
      sockets.bind(fd, name, options.local.family);
      return new MmsgSocket(fd, sockets, options, user);
    } catch (error) {
      sockets.close(fd);
      throw error;
    }
  }

  get receiveBufferBytes(): number {
    return this.#sockets.option(this.#fd, SOL_SOCKET, SO_RCVBUF);
  }

  get sendBufferBytes(): number {
    return this.#sockets.option(this.#fd, SOL_SOCKET, SO_SNDBUF);
  }

  send(batch: DatagramBatch): void {
    if (this.#closed || this.#gone) {
      this.#user.counters.sendErrors += batch.count;
      batch.release();
      return;
    }
    this.#queue.send(batch);
  }

  holdReceive(holdMs: number): void {
    if (this.#closed || this.#gone) return;
    const isExact = holdMs <= MAX_UNSTAMPED_HOLD_MS || this.#ring.stamp(this.#fd);
    this.#hold.set(isExact ? holdMs : MAX_UNSTAMPED_HOLD_MS);
  }

  receiveNow(): boolean {
    return this.#read(MAX_FILLS_ON_REQUEST);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#drainAndClose());
  }

  #onReady(): void {
    this.#queue.resume();
    this.#read(MAX_FILLS_PER_TURN);
  }

  /** Hands over what waits, up to so many system calls; true where nothing is left. */
  #read(maxFills: number): boolean {
    let datagrams = 0;
    let isDrained = false;
    const nowMs = hostTimers.now();
    for (let fills = 0; fills < maxFills && !this.#closed && !this.#gone && !isDrained; fills++) {
      const isLeftOver = this.#slot < this.#filled;
      const filled = isLeftOver || this.#fill() ? this.#filled : 0;
      isDrained = filled < RECEIVE_SLOTS; // if not quite: the loop comes back at once where more has arrived
      datagrams += filled;
      if (isDrained) this.#emptyAtMs = nowMs;
      if (filled > 0) this.#deliver();
    }
    this.#hold.onRead(datagrams, isDrained);
    return isDrained;
  }

  /** Receives what waits; false where nothing came. */
  #fill(): boolean {
    this.#slot = 0;
    this.#filled = 0;
    const filled = this.#ring.fill(this.#fd, hostTimers.now() - this.#emptyAtMs);
    if (filled > 0) {
      this.#filled = filled;
      return true;
    }
    const errno = this.#sockets.lastError;
    if (errno === EAGAIN || errno === EINTR) return false;
    this.#user.counters.receiveErrors++;
    if (errno === EBADF || errno === ENOTSOCK) this.#onGone(systemCallError(errno, "recvmmsg"));
    return false;
  }

  /** Hands the filled slots over. Where the receiver throws, the rest follows in another turn. */
  #deliver(): void {
    const { counters } = this.#user;
    let done = false;
    try {
      while (this.#slot < this.#filled) {
        const slot = this.#slot++;
        const waitedMs = this.#ring.waitedMsOf(slot);
        const length = this.#ring.lengthOf(slot);
        if (length < 0) {
          counters.truncated++;
          continue;
        }
        const from = this.#sourceOf(slot);
        if (from === undefined || from.port === 0) {
          counters.receiveErrors++;
          continue;
        }
        this.#user.onDatagram(this.#ring.payloadOf(slot, length), from, waitedMs);
      }
      this.#user.onBatchEnd();
      done = true;
    } finally {
      if (!done) hostTimers.setImmediate(() => this.#afterThrow());
    }
  }

  /** The source of a filled slot; undefined where it cannot be told: whoever sent it must not end the process. */
  #sourceOf(slot: number): SocketAddress | undefined {
    try {
      return this.#ring.sourceOf(slot);
    } catch {
      return undefined;
    }
  }

  #afterThrow(): void {
    if (this.#slot < this.#filled) this.#deliver();
    else this.#user.onBatchEnd();
  }

  /** Nothing comes or goes any more: tell it, and stop asking. */
  #onGone(error: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#hold.stop();
    this.#queue.abandon();
    // Later: a send may have found it, and nothing is told from inside that.
    hostTimers.setImmediate(() => {
      if (this.#closing === undefined) this.#user.onSocketError(error);
    });
  }

  async #drainAndClose(): Promise<void> {
    if (!this.#queue.idle) {
      await new Promise<void>((resolve) => {
        const timer = hostTimers.setTimeout(resolve, CLOSE_GRACE_MS);
        this.#onDrained = () => {
          hostTimers.clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#closed = true;
    this.#hold.stop();
    this.#poll.close();
    this.#queue.abandon();
    this.#closeDescriptor();
  }

  /** Once, whoever asks: by then the number may be that of somebody else's file. */
  #closeDescriptor(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#sockets.close(this.#fd);
  }
}

/** What a socket is opened with. */
export interface MmsgSocketOptions extends SocketOptions {
  /** Runs of datagrams of one size to one target leave as one message (UDP_SEGMENT). */
  readonly segments: boolean;
  readonly codec: SockaddrCodec;
  /** Source addresses, remembered over all sockets of one transport. */
  readonly sources: SourceCache;
}

/** "::" or "0.0.0.0". */
function isAny({ bytes, family }: SocketAddress): boolean {
  return bytes.subarray(family === 4 ? 12 : 0).every((byte) => byte === 0);
}

function configure(sockets: LinuxSockets, fd: number, options: MmsgSocketOptions): void {
  if (options.local.family === 6) sockets.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only ? 1 : 0);
  if (options.reuseAddress) sockets.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reusePort) sockets.setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  // Best effort: a search for the path's MTU finds what passes whole (RFC 8899), nothing is fragmented.
  sockets.trySetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_PROBE); // of an IPv6 socket: for IPv4 peers
  if (options.local.family === 6) sockets.trySetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_PROBE);
  // Best effort: a refusal leaves the system's own sizes.
  sockets.trySetOption(fd, SOL_SOCKET, SO_RCVBUF, options.receiveBufferBytes);
  sockets.trySetOption(fd, SOL_SOCKET, SO_SNDBUF, options.sendBufferBytes);
}
