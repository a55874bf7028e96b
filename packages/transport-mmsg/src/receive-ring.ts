import type { SocketAddress } from "@sortie/transport";
import type { LinuxSockets } from "./linux-sockets.js";
import {
  IOVEC_WORDS,
  MMSGHDR,
  MMSGHDR_WORDS,
  MSG_TRUNC,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_RECVPKTINFO,
  SO_TIMESTAMPNS,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_WORDS,
  SOL_SOCKET,
} from "./linux-abi.js";
import type { LocalAddresses } from "./local-addresses.js";
import { NativeMemory, writePointer } from "./native-memory.js";
import { RECEIVE_CONTROL_BYTES, ReceiveControls } from "./receive-controls.js";
import type { SourceCache } from "./source-cache.js";

/** Datagrams of one system call. */
export const RECEIVE_SLOTS = 64;
/** bytes. Above every MTU of Sortie and of Ethernet; what is larger is dropped as truncated. */
const RECEIVE_SLOT_BYTES = 2048;
/** Views kept for each slot, by the size of the datagram: traffic has a few sizes, and a view costs 100 ns. */
const VIEWS_PER_SLOT = 32;

/**
 * Where the kernel puts datagrams: as many struct mmsghdr as slots, each with a place for the source. Headers and
 * contents are in separate memory, so that a receiver that writes beyond its payload damages no pointer.
 */
export class ReceiveRing {
  readonly #sockets: LinuxSockets;
  readonly #sources: SourceCache;
  readonly #headers: NativeMemory;
  readonly #contents: NativeMemory;
  readonly #words: Uint32Array;
  readonly #names: Uint32Array;
  readonly #controls: ReceiveControls;
  #isStamped = false;
  /** The clock of the stamps as it was when the slots were filled last. */
  #filledSeconds = 0;
  #filledNanoseconds = 0;
  /** ms. The longest that anything can have waited when the slots were filled last. */
  #longestMs = 0;
  readonly #views: (Uint8Array | undefined)[] = new Array<undefined>(RECEIVE_SLOTS * VIEWS_PER_SLOT).fill(undefined);

  constructor(sockets: LinuxSockets, sources: SourceCache, locals: LocalAddresses) {
    this.#sockets = sockets;
    this.#sources = sources;
    const namesAt = RECEIVE_SLOTS * MMSGHDR_WORDS * 4;
    const vectorsAt = namesAt + RECEIVE_SLOTS * SOCKADDR_WORDS * 4;
    const controlsAt = vectorsAt + RECEIVE_SLOTS * IOVEC_WORDS * 4;
    this.#headers = new NativeMemory(sockets.koffi, controlsAt + RECEIVE_SLOTS * RECEIVE_CONTROL_BYTES);
    this.#contents = new NativeMemory(sockets.koffi, RECEIVE_SLOTS * RECEIVE_SLOT_BYTES);
    this.#words = this.#headers.words(0, RECEIVE_SLOTS * MMSGHDR_WORDS);
    this.#names = this.#headers.words(namesAt, RECEIVE_SLOTS * SOCKADDR_WORDS);
    const controls = this.#headers.words(controlsAt, (RECEIVE_SLOTS * RECEIVE_CONTROL_BYTES) / 4);
    this.#controls = new ReceiveControls(this.#words, controls, this.#headers.address + controlsAt, locals);
    const vectors = this.#headers.words(vectorsAt, RECEIVE_SLOTS * IOVEC_WORDS);
    for (let slot = 0; slot < RECEIVE_SLOTS; slot++) {
      const at = slot * MMSGHDR_WORDS;
      writePointer(vectors, slot * IOVEC_WORDS, this.#contents.address + slot * RECEIVE_SLOT_BYTES);
      writePointer(vectors, slot * IOVEC_WORDS + 2, RECEIVE_SLOT_BYTES);
      writePointer(this.#words, at + MMSGHDR.name, this.#headers.address + namesAt + slot * SOCKADDR_WORDS * 4);
      this.#words[at + MMSGHDR.nameBytes] = SOCKADDR_IN6_BYTES;
      writePointer(this.#words, at + MMSGHDR.iov, this.#headers.address + vectorsAt + slot * IOVEC_WORDS * 4);
      writePointer(this.#words, at + MMSGHDR.iovCount, 1);
    }
  }

  /**
   * Whether datagrams tell from now on how long they have waited: the kernel stamps them as they arrive. For the
   * first of a machine's sockets it begins some milliseconds later; until then they are stamped when read, and count
   * as fresh.
   */
  stamp(fd: number): boolean {
    if (this.#isStamped) return true;
    if (!this.#sockets.readStampClock() || !this.#sockets.trySetOption(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1)) return false;
    this.#isStamped = true;
    this.#controls.ask();
    return true;
  }

  /** Whether datagrams tell from now on to which local address they were sent. */
  tellLocal(fd: number, family: 4 | 6): boolean {
    const [level, option] = family === 4 ? [IPPROTO_IP, IP_PKTINFO] : [IPPROTO_IPV6, IPV6_RECVPKTINFO];
    if (!this.#sockets.trySetOption(fd, level, option, 1)) return false;
    this.#controls.ask();
    return true;
  }

  /**
   * Fills slots from 0 on; how many, or -1 with the error in `lastError` of the sockets.
   * @param longestMs that a datagram can have waited: it came after the socket was last found empty
   */
  fill(fd: number, longestMs: number): number {
    const filled = this.#sockets.receive(fd, this.#headers.address, RECEIVE_SLOTS);
    if (filled <= 0 || !this.#isStamped) return filled;
    this.#longestMs = this.#sockets.readStampClock() ? longestMs : 0;
    // Now: who is handed a datagram may ask the system for something else, in the same memory.
    this.#filledSeconds = this.#sockets.stampSeconds;
    this.#filledNanoseconds = this.#sockets.stampNanoseconds;
    return filled;
  }

  /**
   * Reads what the kernel says beside the datagram in a filled slot, for `sourceOf` too. Once each fill.
   * @returns ms that it has waited since it arrived; 0 where that is not known
   */
  waitedMsOf(slot: number): number {
    const controls = this.#controls;
    controls.read(slot);
    if (!this.#isStamped || !controls.isStamped) return 0;
    const seconds = this.#filledSeconds - controls.seconds;
    const nanoseconds = this.#filledNanoseconds - controls.nanoseconds;
    // Somebody may set that clock at any moment.
    return Math.min(Math.max(seconds * 1000 + nanoseconds / 1e6, 0), this.#longestMs);
  }

  /** bytes of the datagram in a filled slot; -1 where it was larger than the slot. */
  lengthOf(slot: number): number {
    const at = slot * MMSGHDR_WORDS;
    if (((this.#words[at + MMSGHDR.flags] as number) & MSG_TRUNC) === 0)
      return this.#words[at + MMSGHDR.length] as number;
    this.#words[at + MMSGHDR.nameBytes] = SOCKADDR_IN6_BYTES;
    return -1;
  }

  /** The source of the datagram whose waiting was told last; undefined where it has none that can be told. */
  sourceOf(slot: number): SocketAddress | undefined {
    const at = slot * MMSGHDR_WORDS + MMSGHDR.nameBytes;
    const bytes = this.#words[at] as number;
    this.#words[at] = SOCKADDR_IN6_BYTES; // the kernel wrote what it used; the next datagram may take more
    if (bytes === 0) return undefined;
    const { arrivedAt, salt } = this.#controls;
    return this.#sources.get(this.#names, slot * SOCKADDR_WORDS, arrivedAt, salt);
  }

  /** The content of a filled slot, `length` bytes; valid until the next fill. */
  payloadOf(slot: number, length: number): Uint8Array {
    const at = slot * VIEWS_PER_SLOT + (length % VIEWS_PER_SLOT);
    const kept = this.#views[at];
    if (kept !== undefined && kept.length === length) return kept;
    const view = new Uint8Array(this.#contents.buffer, slot * RECEIVE_SLOT_BYTES, length);
    this.#views[at] = view;
    return view;
  }
}
