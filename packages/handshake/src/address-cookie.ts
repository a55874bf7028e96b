import {
  checkNames,
  COOKIE_BYTES,
  HANDSHAKE_HEADER_BYTES,
  HELLO_INVARIANT_BYTES,
  PROTOCOL_ID_BYTES,
  RANDOM_BYTES,
} from "@sortie/wire";
import { checkedProvider } from "./checked-provider.js";
import { equalConstantTime } from "./constant-time.js";
import { expectBytes } from "./crypto-arguments.js";
import type { CryptoProvider } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";

/** ms. Two buckets make the life of a cookie: 5 to 10 s. docs/PROTOCOL.md section 3.2. */
const DEFAULT_BUCKET_MS = 5000;
/** ms. A secret that leaks is of use for a minute. */
const DEFAULT_SECRET_LIFETIME_MS = 60_000;

/** bytes. */
const SECRET_BYTES = 32;
/** bytes. IPv6, or IPv4 mapped into it. */
const ADDRESS_BYTES = 16;
/** bytes. Time bucket at the start of a cookie. */
const BUCKET_BYTES = 4;

const PORT_AT = ADDRESS_BYTES;
const PROTOCOL_AT: number = PORT_AT + 2;
const RANDOM_AT: number = PROTOCOL_AT + PROTOCOL_ID_BYTES;
const CONNECTION_ID_AT: number = RANDOM_AT + RANDOM_BYTES;
const BUCKET_AT: number = CONNECTION_ID_AT + 4;
const MESSAGE_BYTES: number = BUCKET_AT + BUCKET_BYTES;

/** What a cookie is bound to besides the address: fields of the CLIENT_HELLO. */
export interface CookieSubject {
  /** 8 bytes. */
  readonly protocolId: Uint8Array;
  /** 32 bytes. */
  readonly clientRandom: Uint8Array;
  /** Unsigned 32-bit. */
  readonly clientConnectionId: number;
}

export interface AddressCookieOptions {
  /** ms, 1 or more. A cookie is good in the bucket of its making and the next. 5000 by default. */
  readonly bucketMs?: number | undefined;
  /** ms, a multiple of bucketMs. 60,000 by default. */
  readonly secretLifetimeMs?: number | undefined;
  /**
   * 32 bytes. Secrets are made from it instead of by the generator, so that servers with the same key take each
   * other's cookies. It is good for as long as they run: keep it as a private key.
   */
  readonly sharedKey?: Uint8Array | undefined;
  /** ms. Added to every `nowMs`, for servers whose clocks start at different times. Default 0. */
  readonly clockOffsetMs?: number | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof AddressCookieOptions, true>> = {
  bucketMs: true,
  secretLifetimeMs: true,
  sharedKey: true,
  clockOffsetMs: true,
};

/**
 * Stateless proof that a client receives at its address (RFC 9000 section 8.1.2): the server keeps nothing for a
 * cookie but the two secrets. One HMAC to issue, one to verify; a cookie out of time costs none.
 * Methods throw when the generator fails, which makes a new secret once in its lifetime.
 */
export class AddressCookie {
  readonly #crypto: CryptoProvider;
  readonly #bucketMs: number;
  readonly #bucketsPerSecret: number;
  readonly #sharedKey: Uint8Array | undefined;
  readonly #clockOffsetMs: number;
  readonly #message: Uint8Array = new Uint8Array(MESSAGE_BYTES);
  readonly #cookie: Uint8Array = new Uint8Array(COOKIE_BYTES);
  #generation = -1;
  #secret: Uint8Array | undefined = undefined;
  #previousSecret: Uint8Array | undefined = undefined;

  /** Throws RangeError for an option out of range, TypeError for one of the wrong kind, or that there is not. */
  constructor(crypto: CryptoProvider, options: AddressCookieOptions = {}) {
    const kind = describeKind(options);
    if (kind !== "an object") throw new TypeError(`"options" expected an object, got ${kind}`);
    checkNames(options, OPTION_NAMES, "options");
    const { bucketMs = DEFAULT_BUCKET_MS, secretLifetimeMs = DEFAULT_SECRET_LIFETIME_MS } = options;
    if (!Number.isInteger(bucketMs) || bucketMs < 1) {
      throw new RangeError(`"bucketMs" expected an integer of 1 or more, got ${bucketMs}`);
    }
    if (!Number.isInteger(secretLifetimeMs) || secretLifetimeMs < 1 || secretLifetimeMs % bucketMs !== 0) {
      throw new RangeError(`"secretLifetimeMs" expected a multiple of ${bucketMs}, got ${secretLifetimeMs}`);
    }
    const { sharedKey, clockOffsetMs = 0 } = options;
    if (sharedKey !== undefined) expectBytes("sharedKey", sharedKey, SECRET_BYTES);
    if (!Number.isFinite(clockOffsetMs)) {
      throw new RangeError(`"clockOffsetMs" expected a finite number, got ${clockOffsetMs}`);
    }
    // Not slice(): that of a Node Buffer shares its memory.
    this.#sharedKey = sharedKey === undefined ? undefined : new Uint8Array(sharedKey);
    this.#clockOffsetMs = clockOffsetMs;
    this.#crypto = checkedProvider(crypto);
    this.#bucketMs = bucketMs;
    this.#bucketsPerSecret = secretLifetimeMs / bucketMs;
  }

  /**
   * A cookie of 36 bytes for a RETRY. Throws RangeError where an argument has the wrong size, TypeError where bytes are
   * none.
   * @param address16 canonical address, 16 bytes
   * @param port 0..65535
   * @param nowMs monotonic, 0 or more
   */
  issue(address16: Uint8Array, port: number, hello: CookieSubject, nowMs: number): Uint8Array {
    const bucket = this.#bucketAt(nowMs);
    this.#write(address16, port, hello, bucket);
    return this.#sign(bucket).slice();
  }

  /**
   * As `issue`, for a CLIENT_HELLO as it came, 49 bytes or more; nothing is decoded or allocated for it. The cookie is
   * valid until the next call.
   */
  issueFor(address16: Uint8Array, port: number, datagram: Uint8Array, nowMs: number): Uint8Array {
    const bucket = this.#bucketAt(nowMs);
    this.#writeAddress(address16, port);
    if (datagram.length < HELLO_INVARIANT_BYTES) {
      throw new RangeError(`"datagram" expected ${HELLO_INVARIANT_BYTES} bytes or more, got ${datagram.length}`);
    }
    const message = this.#message;
    // Protocol ID, random and connection ID stand in the same order there as here.
    for (let from = HANDSHAKE_HEADER_BYTES, to = PROTOCOL_AT; from < HELLO_INVARIANT_BYTES; from++, to++) {
      message[to] = datagram[from] as number;
    }
    writeU32(message, BUCKET_AT, bucket);
    return this.#sign(bucket);
  }

  /**
   * Whether the cookie was issued here, for this address and hello, in this time bucket or the one before. `cookie` is
   * of the network and may be anything; the other arguments are as in `issue`.
   */
  verify(cookie: Uint8Array, address16: Uint8Array, port: number, hello: CookieSubject, nowMs: number): boolean {
    const now = this.#bucketAt(nowMs);
    if (cookie.length !== COOKIE_BYTES) return false;
    const bucket = readBucket(cookie);
    if (bucket !== now && bucket !== now - 1) return false;
    const secret = this.#secretOf(bucket, now);
    if (secret === undefined) return false;
    this.#write(address16, port, hello, bucket);
    return equalConstantTime(cookie.subarray(BUCKET_BYTES), this.#crypto.hmacSha256(secret, this.#message));
  }

  /** The cookie of the message at hand. */
  #sign(bucket: number): Uint8Array {
    const cookie = this.#cookie;
    const mac = this.#crypto.hmacSha256(this.#secretOf(bucket, bucket) as Uint8Array, this.#message);
    writeU32(cookie, 0, bucket);
    cookie.set(mac, BUCKET_BYTES);
    return cookie;
  }

  #bucketAt(nowMs: number): number {
    const bucket = Math.floor((nowMs + this.#clockOffsetMs) / this.#bucketMs);
    if (bucket >= 0 && bucket < 2 ** 32) return bucket;
    throw new RangeError(`"nowMs" expected 0..${this.#bucketMs * 2 ** 32}, got ${nowMs}`);
  }

  /** The secret of a bucket's generation, after rotation for the present one; undefined when it is gone. */
  #secretOf(bucket: number, now: number): Uint8Array | undefined {
    const present = Math.floor(now / this.#bucketsPerSecret);
    if (present > this.#generation) {
      const fresh = this.#makeSecret(present);
      const previous = present === this.#generation + 1 ? this.#secret : undefined;
      // One of the others may have used the secret before this server was there.
      this.#previousSecret = previous ?? (this.#sharedKey === undefined ? undefined : this.#makeSecret(present - 1));
      this.#secret = fresh;
      this.#generation = present;
    }
    const generation = Math.floor(bucket / this.#bucketsPerSecret);
    if (generation === this.#generation) return this.#secret;
    return generation === this.#generation - 1 ? this.#previousSecret : undefined;
  }

  #makeSecret(generation: number): Uint8Array {
    if (this.#sharedKey === undefined) return this.#crypto.randomBytes(SECRET_BYTES);
    const label = new Uint8Array(4);
    writeU32(label, 0, generation);
    return this.#crypto.hmacSha256(this.#sharedKey, label);
  }

  #write(address16: Uint8Array, port: number, hello: CookieSubject, bucket: number): void {
    expectBytes("protocolId", hello.protocolId, PROTOCOL_ID_BYTES);
    expectBytes("clientRandom", hello.clientRandom, RANDOM_BYTES);
    this.#writeAddress(address16, port);
    const message = this.#message;
    message.set(hello.protocolId, PROTOCOL_AT);
    message.set(hello.clientRandom, RANDOM_AT);
    writeU32(message, CONNECTION_ID_AT, hello.clientConnectionId);
    writeU32(message, BUCKET_AT, bucket);
  }

  #writeAddress(address16: Uint8Array, port: number): void {
    expectBytes("address16", address16, ADDRESS_BYTES);
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) {
      throw new RangeError(`"port" expected 0..65535, got ${port}`);
    }
    const message = this.#message;
    message.set(address16, 0);
    message[PORT_AT] = port >>> 8;
    message[PORT_AT + 1] = port;
  }
}

function readBucket(cookie: Uint8Array): number {
  let bucket = 0;
  for (let i = 0; i < BUCKET_BYTES; i++) bucket = bucket * 256 + (cookie[i] as number);
  return bucket;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
