import { CipherSuite, type TransportParameters } from "@sortie/wire";
import {
  type AeadSource,
  composeProvider,
  createNobleProvider,
  type CryptoProvider,
  type KeyLimits,
  nobleAeads,
  OPEN_FAILED,
  PacketProtection,
} from "../src/index.js";
import { createNodeProvider, nodeAeads } from "../src/node/index.js";
import { loadOpensslAeads } from "../src/openssl/index.js";
import { loadSodiumAeads } from "../src/sodium/index.js";
import { loadWasmAeads } from "../src/wasm/index.js";

export const noble: CryptoProvider = createNobleProvider();
export const node: CryptoProvider = createNodeProvider();

export const wasmAeads: AeadSource = await loadWasmAeads();
export const sodiumAeads: AeadSource = loadSodiumAeads();
export const opensslAeads: AeadSource = loadOpensslAeads();
export const aeadSources: readonly AeadSource[] = [nobleAeads, nodeAeads, wasmAeads, sodiumAeads, opensslAeads];

/** A source of one suite less, or at other costs. */
export function sourceWith(source: AeadSource, name: string, costs: AeadSource["costs"]): AeadSource {
  return { name, costs, createAead: (suite, key) => source.createAead(suite, key) };
}

const nodeAes = sourceWith(nodeAeads, "node:crypto", new Map([...nodeAeads.costs].slice(0, 1)));

/** For `describe.each` and `it.each`: every claim about a provider holds for all. */
export const providers: readonly (readonly [string, CryptoProvider])[] = [
  ["noble", noble],
  ["node", node],
  ["wasm", composeProvider(node, [nodeAes, wasmAeads])],
  ["sodium", composeProvider(node, [nodeAes, sodiumAeads])],
  ["openssl", composeProvider(node, [nodeAeads, opensslAeads])],
  ["sized", composeProvider(node, [nodeAes, wasmAeads, sodiumAeads])],
];

export const suites: readonly CipherSuite[] = [CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305];

export const parameters: TransportParameters = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 25,
  maxDatagramBytes: 1452,
  maxMessageBytes: 65_536,
  receiveWindowBytes: 1_048_576,
};

export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function flipped(bytes: Uint8Array, at: number, mask: number = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

/** Deterministic bytes (mulberry32): for test inputs, never for keys outside tests. */
export function seededBytes(seed: number): (length: number) => Uint8Array {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return (length) => Uint8Array.from({ length }, () => next() & 0xff);
}

/** A provider with some of its methods replaced. */
export function altered(crypto: CryptoProvider, changes: Partial<CryptoProvider>): CryptoProvider {
  return {
    name: "altered",
    suitePreference: crypto.suitePreference,
    randomBytes: (length) => crypto.randomBytes(length),
    sha256: (...parts) => crypto.sha256(...parts),
    hmacSha256: (key, ...parts) => crypto.hmacSha256(key, ...parts),
    hkdfSha256: (inputKey, salt, info, length) => crypto.hkdfSha256(inputKey, salt, info, length),
    generateKeyPair: () => crypto.generateKeyPair(),
    importPrivateKey: (scalar) => crypto.importPrivateKey(scalar),
    sharedSecret: (privateKey, peerPublicKey) => crypto.sharedSecret(privateKey, peerPublicKey),
    sign: (privateKey, message) => crypto.sign(privateKey, message),
    verify: (publicKey, message, signature) => crypto.verify(publicKey, message, signature),
    createAead: (suite, key) => crypto.createAead(suite, key),
    ...changes,
  };
}

export const CONNECTION_ID = 0xc0ffee01;

/** One side of a connection with its own packet numbers; datagrams are handed over by the test. */
export class Side {
  readonly protection: PacketProtection;
  readonly out: Uint8Array = new Uint8Array(1500);
  nextPacketNumber = 0;

  constructor(protection: PacketProtection) {
    this.protection = protection;
  }

  /** A sealed packet of one frame byte, with its number. */
  send(nowMs: number = 0): Sent {
    const packetNumber = this.nextPacketNumber++;
    const bytes = new Uint8Array(9 + 1 + 16);
    bytes[9] = packetNumber & 0xff;
    const end = this.protection.seal(bytes, 0, 10, CONNECTION_ID, packetNumber, nowMs);
    return { packetNumber, bytes, end };
  }

  /** Whether the packet opened, to what was sealed. */
  receive(sent: Sent, nowMs: number = 0): boolean {
    const length = this.protection.open(sent.bytes, sent.packetNumber, this.out, nowMs);
    if (length === OPEN_FAILED) return false;
    if (length !== 1 || this.out[0] !== (sent.packetNumber & 0xff)) throw new Error("opened to other bytes");
    return true;
  }
}

export interface Sent {
  readonly packetNumber: number;
  readonly bytes: Uint8Array;
  readonly end: number;
}

export function phaseOf(sent: Sent): number {
  return (sent.bytes[0] as number) & 1;
}

/** Two sides that hold each other's keys. */
export function connect(
  limits: Partial<KeyLimits> = {},
  crypto: CryptoProvider = node,
  suite: CipherSuite = CipherSuite.Aes128Gcm,
): { client: Side; server: Side } {
  const clientSecret = new Uint8Array(32).fill(1);
  const serverSecret = new Uint8Array(32).fill(2);
  const protect = (localSecret: Uint8Array, remoteSecret: Uint8Array): Side =>
    new Side(new PacketProtection({ crypto, suite, localSecret, remoteSecret, limits }));
  return { client: protect(clientSecret, serverSecret), server: protect(serverSecret, clientSecret) };
}

/** What may come in the place of a secret of 32 bytes, and how a message names it: never by its contents. */
export const NO_BYTES: readonly (readonly [unknown, string])[] = [
  [null, "null"],
  [32, "a number"],
  ["s".repeat(32), "a string"],
  [new Array<number>(32).fill(7), "an array"],
  [{ length: 32 }, "an object"],
  [new ArrayBuffer(32), "an ArrayBuffer"],
  [new Int8Array(32), "an Int8Array"],
  [Promise.resolve(new Uint8Array(32)), "a promise"],
];
