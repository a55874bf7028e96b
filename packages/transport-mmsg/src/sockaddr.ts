import { isZone, SocketAddress } from "@sortie/transport";
import { AF_INET, AF_INET6, SOCKADDR_WORDS } from "./linux-abi.js";

/** ::ffff:0:0/96 (RFC 4291 section 2.5.5.2), the third word of an IPv4-mapped address in memory. */
export const MAPPED_PREFIX = 0xffff_0000;
/** Names of zones kept; a machine has a handful of interfaces. */
const MAX_ZONES = 64;
const NUMBER = /^[0-9]{1,9}$/;

/** What is asked of the system about interfaces (RFC 3493 section 4). */
export interface Interfaces {
  /** 0 for none. */
  interfaceIndex(name: string): number;
  interfaceName(index: number): string | undefined;
}

/** The parts of a struct sockaddr, as words in memory order; filled again by each `read`. */
export class SockaddrParts {
  /** The IPv6 address, mapped for IPv4. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** 0..65535. */
  port = 0;
  /** Number of the interface, for link-local addresses only. */
  zone = 0;

  /** Reads the struct at `at`; false where the family is neither IPv4 nor IPv6. */
  read(words: Uint32Array, at: number): boolean {
    const head = words[at] as number;
    this.port = ((head >>> 8) & 0xff00) | (head >>> 24);
    const family = head & 0xffff;
    if (family === AF_INET6) {
      this.a = words[at + 2] as number;
      this.b = words[at + 3] as number;
      this.c = words[at + 4] as number;
      this.d = words[at + 5] as number;
      this.zone = words[at + 6] as number;
      return true;
    }
    if (family !== AF_INET) return false;
    this.a = 0;
    this.b = 0;
    this.c = MAPPED_PREFIX;
    this.d = words[at + 1] as number;
    this.zone = 0;
    return true;
  }
}

/** Between SocketAddress and struct sockaddr. */
export class SockaddrCodec {
  readonly #interfaces: Interfaces;
  /** Of names only; of numbers there is nothing to ask. Forgotten as a whole when it is full. */
  readonly #zones: Map<string, number> = new Map();
  readonly #bytes = new Uint8Array(16);

  constructor(interfaces: Interfaces) {
    this.#interfaces = interfaces;
  }

  /** For a new socket: an interface that went and came back has another number. */
  forgetZones(): void {
    this.#zones.clear();
  }

  /**
   * Writes the struct for a socket of `family` at `at`. The address must be one that the socket takes: IPv4 for an
   * IPv4 socket. False where its zone is no interface of this machine.
   */
  write(words: Uint32Array, at: number, family: 4 | 6, address: SocketAddress): boolean {
    const { port } = address;
    const netPort = ((port & 0xff) << 24) | ((port & 0xff00) << 8);
    if (family === 4) {
      words[at] = AF_INET | netPort;
      writeIp(words, at + 1, family, address);
      return true;
    }
    words[at] = AF_INET6 | netPort;
    words[at + 1] = 0;
    writeIp(words, at + 2, family, address);
    words[at + 6] = 0;
    return address.scope === "" || this.#writeZone(words, at + 6, address.scope);
  }

  /** The address with these parts. */
  addressOf(parts: SockaddrParts): SocketAddress {
    const bytes = this.#bytes;
    putWord(bytes, 0, parts.a);
    putWord(bytes, 4, parts.b);
    putWord(bytes, 8, parts.c);
    putWord(bytes, 12, parts.d);
    return SocketAddress.fromBytes(bytes, parts.port, parts.zone === 0 ? "" : this.#scopeOf(parts.zone));
  }

  /** As `@sortie/transport-dgram` has it: the name if it can stand in an address and is no number, else the number. */
  #scopeOf(zone: number): string {
    const name = this.#interfaces.interfaceName(zone);
    return name !== undefined && isZone(name) && !NUMBER.test(name) ? name : String(zone);
  }

  #writeZone(words: Uint32Array, at: number, scope: string): boolean {
    let zone = NUMBER.test(scope) ? Number(scope) : this.#zones.get(scope);
    if (zone === undefined) {
      zone = this.#interfaces.interfaceIndex(scope);
      if (zone === 0) return false;
      if (this.#zones.size >= MAX_ZONES) this.#zones.clear();
      this.#zones.set(scope, zone);
    }
    words[at] = zone;
    return true;
  }
}

/** A struct sockaddr to write to, outside of any batch. */
export function sockaddrBuffer(): Uint32Array {
  return new Uint32Array(SOCKADDR_WORDS);
}

/** Writes the address alone: a struct in_addr of an IPv4 socket, else a struct in6_addr. */
export function writeIp(words: Uint32Array, at: number, family: 4 | 6, { bytes }: SocketAddress): void {
  if (family === 4) {
    words[at] = wordAt(bytes, 12);
    return;
  }
  words[at] = wordAt(bytes, 0);
  words[at + 1] = wordAt(bytes, 4);
  words[at + 2] = wordAt(bytes, 8);
  words[at + 3] = wordAt(bytes, 12);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word & 0xff;
  bytes[at + 1] = (word >>> 8) & 0xff;
  bytes[at + 2] = (word >>> 16) & 0xff;
  bytes[at + 3] = word >>> 24;
}
