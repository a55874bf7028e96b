import type { SocketAddress } from "@sortie/transport";
import {
  CMSG,
  IN6_PKTINFO,
  IN_PKTINFO,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_PKTINFO,
  MMSGHDR,
  MMSGHDR_WORDS,
  SEGMENT_CONTROL,
  SOL_UDP,
  UDP_SEGMENT,
} from "./linux-abi.js";
import { writePointer } from "./native-memory.js";
import { writeIp } from "./sockaddr.js";

/** bytes. Control messages of a message: the size of its segments, then the local address that it is sent from. */
export const SEND_CONTROL_BYTES: number = SEGMENT_CONTROL.space + IN6_PKTINFO.space;
const SLOT_WORDS = SEND_CONTROL_BYTES / 4;
/** words of 4 bytes. Where the local address' message begins. */
const LOCAL_AT = SEGMENT_CONTROL.space / 4;

/** What the kernel is told beside each message of a ring. */
export class SendControls {
  readonly #headers: Uint32Array;
  readonly #words: Uint32Array;
  readonly #address: number;
  readonly #family: 4 | 6;
  readonly #info: typeof IN_PKTINFO | typeof IN6_PKTINFO;
  /** Whose words a slot has, and where its first control message begins, in words. */
  readonly #locals: (SocketAddress | undefined)[];
  readonly #starts: Int32Array;

  /** `headers`: the struct mmsghdr of the slots. `words`: memory at `address`, for all of them. */
  constructor(headers: Uint32Array, words: Uint32Array, address: number, family: 4 | 6) {
    this.#headers = headers;
    this.#words = words;
    this.#address = address;
    this.#family = family;
    this.#info = family === 4 ? IN_PKTINFO : IN6_PKTINFO;
    const slots = words.length / SLOT_WORDS;
    this.#locals = new Array<undefined>(slots).fill(undefined);
    this.#starts = new Int32Array(slots).fill(-1);
    for (let slot = 0; slot < slots; slot++) {
      const segment = slot * SLOT_WORDS;
      writePointer(words, segment + CMSG.bytes, SEGMENT_CONTROL.bytes);
      words[segment + CMSG.level] = SOL_UDP;
      words[segment + CMSG.type] = UDP_SEGMENT;
      const local = segment + LOCAL_AT;
      writePointer(words, local + CMSG.bytes, this.#info.bytes);
      words[local + CMSG.level] = family === 4 ? IPPROTO_IP : IPPROTO_IPV6;
      words[local + CMSG.type] = family === 4 ? IP_PKTINFO : IPV6_PKTINFO;
    }
  }

  /**
   * @param segmentBytes into which the kernel is to cut the message; 0: not at all
   * @param local address that it is to be sent from, of the target's family; undefined: the kernel's choice
   */
  set(slot: number, segmentBytes: number, local: SocketAddress | undefined): void {
    const isCut = segmentBytes > 0;
    const segment = slot * SLOT_WORDS;
    if (isCut) this.#words[segment + CMSG.data] = segmentBytes;
    if (local !== undefined) this.#setLocal(slot, local);
    const header = slot * MMSGHDR_WORDS;
    this.#headers[header + MMSGHDR.controlBytes] =
      (isCut ? SEGMENT_CONTROL.space : 0) + (local === undefined ? 0 : this.#info.space);
    const start = isCut ? segment : segment + LOCAL_AT;
    if (this.#starts[slot] === start) return;
    this.#starts[slot] = start;
    writePointer(this.#headers, header + MMSGHDR.control, this.#address + start * 4);
  }

  /** Whether the message in a slot is told where it is to be sent from. */
  hasLocal(slot: number): boolean {
    const bytes = this.#headers[slot * MMSGHDR_WORDS + MMSGHDR.controlBytes] as number;
    return bytes > SEGMENT_CONTROL.space;
  }

  #setLocal(slot: number, local: SocketAddress): void {
    if (this.#locals[slot] === local) return;
    this.#locals[slot] = local;
    writeIp(this.#words, slot * SLOT_WORDS + LOCAL_AT + this.#info.address, this.#family, local);
  }
}
