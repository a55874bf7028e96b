import { describeValue } from "./describe-value.js";
import { formatIp, IP_BYTES, isIpv4Mapped, parseIp } from "./ip-text.js";

export { parseIp };

/** Highest UDP port (RFC 768). */
const MAX_PORT = 65_535;

/** Interface names are short (IFNAMSIZ is 16 on Linux, 256 characters on Windows); RFC 4007 section 11.2. */
const ZONE = /^[A-Za-z0-9._~-]{1,64}$/;

/**
 * Whether an address can have this text as its zone: ASCII that needs no escaping in a URL. Systems allow other names
 * of interfaces too; such a zone goes by its number.
 */
export function isZone(text: string): boolean {
  return ZONE.test(text);
}

/**
 * An IP address and a UDP port, in one canonical form: IPv4 is kept as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so
 * that the spellings of one address are one address. Immutable but for `arrivedAt`; do not write to `bytes`.
 */
export class SocketAddress {
  /** 16 bytes, network order. */
  readonly bytes: Uint8Array;
  /** 0..65535. 0 is "any port": legal to bind, never to send to. */
  readonly port: number;
  /** 4 for IPv4 and IPv4-mapped addresses. */
  readonly family: 4 | 6;
  /** IPv6 zone (RFC 4007), such as "eth0" or "3"; "" for nearly every address. */
  readonly scope: string;
  #host: string | undefined = undefined;
  #ipv6Host: string | undefined = undefined;
  #arrivedAt: SocketAddress | undefined = undefined;

  private constructor(bytes: Uint8Array, port: number, scope: string) {
    this.bytes = bytes;
    this.port = port;
    this.family = isIpv4Mapped(bytes) ? 4 : 6;
    this.scope = scope;
  }

  /**
   * From the text of an IP address, with a zone where it has one ("fe80::1%eth0"), and a port in 0..65535. Names are
   * not resolved. Throws RangeError.
   */
  static parse(host: string, port: number): SocketAddress {
    checkPort(port);
    const address = SocketAddress.tryParse(host, port);
    if (address === undefined) {
      throw new RangeError(`"host" expected an IPv4 or IPv6 address, got ${describeValue(host)}`);
    }
    return address;
  }

  /** Like {@link SocketAddress.parse}; undefined instead of an exception. */
  static tryParse(host: string, port: number): SocketAddress | undefined {
    if (typeof host !== "string" || !isPort(port)) return undefined;
    const percent = host.indexOf("%");
    const bytes = parseIp(percent < 0 ? host : host.slice(0, percent));
    if (bytes === undefined) return undefined;
    const scope = percent < 0 ? "" : host.slice(percent + 1);
    if (percent >= 0 && (isIpv4Mapped(bytes) || !ZONE.test(scope))) return undefined;
    return new SocketAddress(bytes, port, scope);
  }

  /** From 16 bytes (copied), a port in 0..65535 and a zone. Throws RangeError. */
  static fromBytes(bytes: Uint8Array, port: number, scope: string = ""): SocketAddress {
    if (bytes.length !== IP_BYTES) throw new RangeError(`"bytes" expected ${IP_BYTES} bytes, got ${bytes.length}`);
    checkPort(port);
    if (scope !== "" && (isIpv4Mapped(bytes) || !ZONE.test(scope))) {
      throw new RangeError(`"scope" expected the zone of an IPv6 address, got ${describeValue(scope)}`);
    }
    return new SocketAddress(Uint8Array.from(bytes), port, scope);
  }

  /** Canonical text without zone: dotted for IPv4 and IPv4-mapped, RFC 5952 for IPv6. */
  get host(): string {
    return (this.#host ??= formatIp(this.bytes));
  }

  /** The text an IPv6 socket takes: "::ffff:1.2.3.4" for IPv4, else the host with its zone. Made once. */
  get ipv6Host(): string {
    return (this.#ipv6Host ??= this.family === 4 ? `::ffff:${this.host}` : this.#hostWithZone());
  }

  /**
   * The local address that datagrams from here were sent to, set by a transport that answers from it; undefined where
   * none does. No part of the address: `equals` passes over it.
   */
  get arrivedAt(): SocketAddress | undefined {
    return this.#arrivedAt;
  }

  set arrivedAt(local: SocketAddress | undefined) {
    this.#arrivedAt = local;
  }

  /** Same address, port and zone. */
  equals(other: SocketAddress): boolean {
    if (this === other) return true;
    if (this.port !== other.port || this.scope !== other.scope) return false;
    // From the end: the last bytes are the ones that differ.
    for (let i = IP_BYTES - 1; i >= 0; i--) if (this.bytes[i] !== other.bytes[i]) return false;
    return true;
  }

  /** "1.2.3.4:5", "[::1]:5" or "[fe80::1%eth0]:5". */
  toString(): string {
    return this.family === 4 ? `${this.host}:${this.port}` : `[${this.#hostWithZone()}]:${this.port}`;
  }

  /** For logs and messages. `host` has the zone where there is one: with `port`, it is what `parse` takes. */
  toJSON(): { host: string; port: number; family: 4 | 6 } {
    return { host: this.#hostWithZone(), port: this.port, family: this.family };
  }

  static {
    // By this Node asks an object how it is to be printed; elsewhere nobody does.
    const key = Symbol.for("nodejs.util.inspect.custom");
    Object.defineProperty(this.prototype, key, {
      value(this: SocketAddress): string {
        return this.toString();
      },
    });
  }

  #hostWithZone(): string {
    return this.scope === "" ? this.host : `${this.host}%${this.scope}`;
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
}

function checkPort(port: number): void {
  if (!isPort(port)) throw new RangeError(`"port" expected an integer in 0..${MAX_PORT}, got ${describeValue(port)}`);
}
