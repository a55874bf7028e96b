import { randomFillSync } from "node:crypto";
import type { SocketAddress } from "@sortie/transport";
import { MAPPED_PREFIX, type SockaddrCodec, SockaddrParts } from "./sockaddr.js";

/** Addresses kept; a machine has a handful. Where a whole network is local (AnyIP), the eldest makes room. */
const MOST = 64;
const KEY_WORDS = 4;
/** First byte of IPv4 addresses that are no host's: multicast, reserved, broadcast. */
const FIRST_MULTICAST = 224;

/** From the words of a local address to one shared SocketAddress. */
export class LocalAddresses {
  /** Of the address given last: random, so that hashes of one peer at several of them have nothing in common. */
  salt = 0;
  readonly #codec: SockaddrCodec;
  readonly #parts = new SockaddrParts();
  readonly #keys = new Uint32Array(MOST * KEY_WORDS);
  readonly #salts = new Uint32Array(MOST);
  readonly #addresses: SocketAddress[] = [];
  #last = 0;
  #next = 0;

  /** @param port local port */
  constructor(codec: SockaddrCodec, port: number) {
    this.#codec = codec;
    this.#parts.port = port;
  }

  /** The address with these words in memory order, IPv4 mapped; undefined where nobody can send from it. */
  get(a: number, b: number, c: number, d: number): SocketAddress | undefined {
    if (this.#has(this.#last, a, b, c, d)) return this.#give(this.#last);
    for (let entry = 0; entry < this.#addresses.length; entry++) {
      if (this.#has(entry, a, b, c, d)) return this.#give(entry);
    }
    return isUnicast(a, b, c, d) ? this.#add(a, b, c, d) : undefined;
  }

  #give(entry: number): SocketAddress | undefined {
    this.#last = entry;
    this.salt = this.#salts[entry] as number;
    return this.#addresses[entry];
  }

  #has(entry: number, a: number, b: number, c: number, d: number): boolean {
    const keys = this.#keys;
    const at = entry * KEY_WORDS;
    return (
      entry < this.#addresses.length && keys[at + 3] === d && keys[at + 2] === c && keys[at + 1] === b && keys[at] === a
    );
  }

  #add(a: number, b: number, c: number, d: number): SocketAddress | undefined {
    const parts = this.#parts;
    parts.a = a;
    parts.b = b;
    parts.c = c;
    parts.d = d;
    const entry = this.#next;
    this.#next = (entry + 1) % MOST;
    this.#keys.set([a, b, c, d], entry * KEY_WORDS);
    this.#addresses[entry] = this.#codec.addressOf(parts);
    // Another one each time: where a whole network is local, more come to an entry than anybody should choose.
    randomFillSync(this.#salts, entry, 1);
    return this.#give(entry);
  }
}

function isUnicast(a: number, b: number, c: number, d: number): boolean {
  if (a === 0 && b === 0 && c === MAPPED_PREFIX) return d !== 0 && (d & 0xff) < FIRST_MULTICAST;
  return (a & 0xff) !== 0xff && (a | b | c | d) !== 0;
}
