import type { SocketAddress } from "@sortie/transport";
import {
  CMSG,
  CMSG_BYTES,
  IN6_PKTINFO,
  IN_PKTINFO,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  MMSGHDR,
  MMSGHDR_WORDS,
  SO_TIMESTAMPNS,
  SOL_SOCKET,
  STAMP,
} from "./linux-abi.js";
import type { LocalAddresses } from "./local-addresses.js";
import { writePointer } from "./native-memory.js";
import { MAPPED_PREFIX } from "./sockaddr.js";

/** bytes. Control messages of a datagram: the time at which it came, and the local address that it came to. */
export const RECEIVE_CONTROL_BYTES: number = STAMP.space + IN6_PKTINFO.space;
const SLOT_WORDS = RECEIVE_CONTROL_BYTES / 4;

type Words = [number, number, number, number];

/** What the kernel says beside each datagram of a ring. */
export class ReceiveControls {
  /** Of the datagram read last: whether it has a stamp, and its time. */
  isStamped = false;
  seconds = 0;
  nanoseconds = 0;
  /** The local address to which it was sent; undefined where that is not known, or no host's. */
  arrivedAt: SocketAddress | undefined = undefined;
  /** What to mix to hashes for it. */
  salt = 0;
  readonly #headers: Uint32Array;
  readonly #words: Uint32Array;
  readonly #address: number;
  readonly #slots: number;
  readonly #locals: LocalAddresses;
  #isAsked = false;

  /** `headers`: the struct mmsghdr of the slots. `words`: memory at `address`, for all of them. */
  constructor(headers: Uint32Array, words: Uint32Array, address: number, locals: LocalAddresses) {
    this.#headers = headers;
    this.#words = words;
    this.#address = address;
    this.#slots = words.length / SLOT_WORDS;
    this.#locals = locals;
  }

  /** Gives the kernel room to say something. */
  ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    for (let slot = 0; slot < this.#slots; slot++) {
      const header = slot * MMSGHDR_WORDS;
      writePointer(this.#headers, header + MMSGHDR.control, this.#address + slot * RECEIVE_CONTROL_BYTES);
      this.#headers[header + MMSGHDR.controlBytes] = RECEIVE_CONTROL_BYTES;
    }
  }

  /** Reads what came with the datagram in a filled slot. Once for each fill. */
  read(slot: number): void {
    this.isStamped = false;
    this.arrivedAt = undefined;
    this.salt = 0;
    if (!this.#isAsked) return;
    const words = this.#words;
    const header = slot * MMSGHDR_WORDS + MMSGHDR.controlBytes;
    const end = slot * SLOT_WORDS + ((this.#headers[header] as number) >>> 2);
    this.#headers[header] = RECEIVE_CONTROL_BYTES; // as for the name: the kernel wrote what it used
    for (let at = slot * SLOT_WORDS; at + CMSG_BYTES / 4 <= end;) {
      const bytes = words[at + CMSG.bytes] as number;
      if (bytes < CMSG_BYTES) return; // memory that no message was written to
      this.#take(words[at + CMSG.level] as number, words[at + CMSG.type] as number, at);
      at += ((bytes + 7) >>> 3) * 2;
    }
  }

  #take(level: number, type: number, at: number): void {
    const words = this.#words;
    if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
      this.isStamped = true;
      this.seconds = words[at + STAMP.seconds] as number;
      this.nanoseconds = words[at + STAMP.nanoseconds] as number;
    } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO) {
      const from = at + IN6_PKTINFO.address;
      const [a, b, c, d] = [words[from], words[from + 1], words[from + 2], words[from + 3]] as Words;
      this.#arriveAt(a, b, c, d);
    } else if (level === IPPROTO_IP && type === IP_PKTINFO) {
      this.#arriveAt(0, 0, MAPPED_PREFIX, words[at + IN_PKTINFO.address] as number);
    }
  }

  #arriveAt(a: number, b: number, c: number, d: number): void {
    this.arrivedAt = this.#locals.get(a, b, c, d);
    if (this.arrivedAt !== undefined) this.salt = this.#locals.salt;
  }
}
