import type { DatagramBatch, SocketAddress } from "@sortie/transport";
import {
  IOVEC_WORDS,
  MMSGHDR,
  MMSGHDR_WORDS,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_IN_BYTES,
  SOCKADDR_WORDS,
} from "./linux-abi.js";
import type { LinuxSockets } from "./linux-sockets.js";
import { NativeMemory, writePointer } from "./native-memory.js";
import { SEND_CONTROL_BYTES, SendControls } from "./send-controls.js";
import type { SockaddrCodec } from "./sockaddr.js";

/** Messages of one system call. */
const SEND_SLOTS = 64;
/** Segments that the kernel cuts from one message (UDP_MAX_SEGMENTS before Linux 6.9; 128 since). */
const MAX_SEGMENTS = 64;
/** bytes. Most that one message may carry: 65,535 less the headers of IPv6 and UDP. */
const MAX_SEGMENTED_BYTES = 65_487;

/** Which targets a socket takes. */
export interface Targets {
  /** Of the socket. */
  readonly family: 4 | 6;
  /** An IPv6 socket that refuses IPv4. */
  readonly ipv6Only: boolean;
}

/**
 * Messages on their way to the kernel: struct mmsghdr that point into the buffers of batches. A run of datagrams of one
 * size to one target may be one message, which the kernel cuts (UDP_SEGMENT).
 *
 * The kernel reads a batch's buffer during the call only, and the batch is held for as long: so its address is safe to
 * use, unlike one of memory that the kernel writes to.
 */
export class SendRing {
  readonly #sockets: LinuxSockets;
  readonly #codec: SockaddrCodec;
  readonly #targets: Targets;
  readonly #memory: NativeMemory;
  readonly #words: Uint32Array;
  readonly #names: Uint32Array;
  readonly #vectors: Uint32Array;
  readonly #controls: SendControls;
  /** Whose struct sockaddr a slot has: games send to the same peers in the same order, tick after tick. */
  readonly #named: (SocketAddress | undefined)[] = new Array<undefined>(SEND_SLOTS).fill(undefined);
  readonly #addresses: WeakMap<DatagramBatch, number> = new WeakMap();
  /** First datagram of the batch in each message, and how many datagrams and bytes it has. */
  readonly firstOf: Int32Array = new Int32Array(SEND_SLOTS);
  readonly datagramsOf: Int32Array = new Int32Array(SEND_SLOTS);
  readonly bytesOf: Int32Array = new Int32Array(SEND_SLOTS);
  /** Runs to one target go as one message. Turned off where the system cannot cut them. */
  segments: boolean;

  /** Datagrams leave from the local address that their target's came to. */
  readonly #answers: boolean;

  constructor(sockets: LinuxSockets, codec: SockaddrCodec, targets: Targets, segments: boolean, answers: boolean) {
    this.#sockets = sockets;
    this.#codec = codec;
    this.#targets = targets;
    this.segments = segments;
    this.#answers = answers;
    const namesAt = SEND_SLOTS * MMSGHDR_WORDS * 4;
    const vectorsAt = namesAt + SEND_SLOTS * SOCKADDR_WORDS * 4;
    const controlAt = vectorsAt + SEND_SLOTS * IOVEC_WORDS * 4;
    this.#memory = new NativeMemory(sockets.koffi, controlAt + SEND_SLOTS * SEND_CONTROL_BYTES);
    this.#words = this.#memory.words(0, SEND_SLOTS * MMSGHDR_WORDS);
    this.#names = this.#memory.words(namesAt, SEND_SLOTS * SOCKADDR_WORDS);
    this.#vectors = this.#memory.words(vectorsAt, SEND_SLOTS * IOVEC_WORDS);
    const { address } = this.#memory;
    const controls = this.#memory.words(controlAt, (SEND_SLOTS * SEND_CONTROL_BYTES) / 4);
    this.#controls = new SendControls(this.#words, controls, address + controlAt, targets.family);
    for (let slot = 0; slot < SEND_SLOTS; slot++) {
      const at = slot * MMSGHDR_WORDS;
      writePointer(this.#words, at + MMSGHDR.name, address + namesAt + slot * SOCKADDR_WORDS * 4);
      this.#words[at + MMSGHDR.nameBytes] = targets.family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
      writePointer(this.#words, at + MMSGHDR.iov, address + vectorsAt + slot * IOVEC_WORDS * 4);
      writePointer(this.#words, at + MMSGHDR.iovCount, 1);
    }
  }

  /** Whether a datagram can be sent at all: a target that the socket takes, and bytes inside of the batch's buffer. */
  canSend(batch: DatagramBatch, index: number): boolean {
    const to = batch.addresses[index];
    if (to === undefined || to.port === 0) return false;
    const { family, ipv6Only } = this.#targets;
    if (family === 4 ? to.family !== 4 : ipv6Only && to.family === 4) return false;
    // The kernel is about to read these bytes: what is not in the buffer must not leave the machine.
    const offset = batch.offsets[index] as number;
    const length = batch.lengths[index] as number;
    return offset >= 0 && length >= 0 && offset + length <= batch.buffer.length;
  }

  /**
   * Makes messages of the batch's datagrams from `first` on, as many as fit, up to the first that cannot be sent;
   * those below `wholeBelow` are not joined. How many messages; 0 where `first` cannot be sent.
   */
  load(batch: DatagramBatch, first: number, wholeBelow: number): number {
    const base = this.#addressOf(batch);
    let next = first;
    let slot = 0;
    while (slot < SEND_SLOTS && next < batch.count && this.canSend(batch, next)) {
      const to = batch.addresses[next] as SocketAddress;
      if (!this.#name(slot, to)) break;
      const joined = this.segments && next >= wholeBelow ? this.#runFrom(batch, next) : 1;
      const start = batch.offsets[next] as number;
      const last = next + joined - 1;
      const bytes = (batch.offsets[last] as number) + (batch.lengths[last] as number) - start;
      writePointer(this.#vectors, slot * IOVEC_WORDS, base + start);
      this.#vectors[slot * IOVEC_WORDS + 2] = bytes;
      const local = this.#answers && to.arrivedAt?.family === to.family ? to.arrivedAt : undefined;
      this.#controls.set(slot, joined > 1 ? (batch.lengths[next] as number) : 0, local);
      this.firstOf[slot] = next;
      this.datagramsOf[slot] = joined;
      this.bytesOf[slot] = bytes;
      next += joined;
      slot++;
    }
    return slot;
  }

  /** The local address of the message in `slot` is none to send from (any more). False where it has none. */
  forgetLocal(slot: number): boolean {
    const to = this.#named[slot];
    if (to === undefined || !this.#controls.hasLocal(slot)) return false;
    to.arrivedAt = undefined;
    return true;
  }

  /** Sends loaded messages from slot `first` to before `end`; how many, or -1 with the error in `lastError`. */
  send(fd: number, first: number, end: number): number {
    return this.#sockets.send(fd, this.#memory.address + first * MMSGHDR_WORDS * 4, end - first);
  }

  /** Datagrams from `first` on that can be one message: adjacent, of one target and size (the last may be smaller). */
  #runFrom(batch: DatagramBatch, first: number): number {
    const to = batch.addresses[first];
    const size = batch.lengths[first] as number;
    if (size === 0) return 1;
    let end = (batch.offsets[first] as number) + size;
    const start = end - size;
    let next = first + 1;
    while (next < batch.count && next - first < MAX_SEGMENTS && batch.addresses[next] === to) {
      const length = batch.lengths[next] as number;
      if (length > size || length === 0 || batch.offsets[next] !== end) break;
      if (end + length - start > MAX_SEGMENTED_BYTES || end + length > batch.buffer.length) break;
      end += length;
      next++;
      if (length < size) break;
    }
    return next - first;
  }

  #name(slot: number, to: SocketAddress): boolean {
    if (this.#named[slot] === to) return true;
    this.#named[slot] = undefined;
    if (!this.#codec.write(this.#names, slot * SOCKADDR_WORDS, this.#targets.family, to)) return false;
    this.#named[slot] = to;
    return true;
  }

  #addressOf(batch: DatagramBatch): number {
    let address = this.#addresses.get(batch);
    if (address === undefined) {
      address = Number(this.#sockets.koffi.address(batch.buffer));
      this.#addresses.set(batch, address);
    }
    return address;
  }
}
