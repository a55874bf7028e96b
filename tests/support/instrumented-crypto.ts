import type { Aead, CryptoProvider, KeyPair, PrivateKey } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Prng } from "@sortie/transport-memory";
import type { CipherSuite } from "@sortie/wire";

const EXPANDED = /^(sortie v1 [a-z]+)\u0001$/;

/** Both directions' first secrets of one connection. */
export interface LoggedSecrets {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/**
 * A provider that counts what it is asked for, notes each nonce under each key, and logs the secrets of connections: an
 * attacker who has one of the sides under control knows them too. Keys come from node:crypto, which is quick; random
 * bytes, on which the course of a run depends, are seeded.
 */
export class InstrumentedCrypto implements CryptoProvider {
  readonly name: string;
  readonly suitePreference: readonly CipherSuite[];
  /** Key pairs made, shared secrets, signatures, verifications. */
  publicKeyOperations = 0;
  signatures = 0;
  derivations = 0;
  sealed = 0;
  /** Calls of an AEAD's `open`. */
  openings = 0;
  /** Seals under a key and nonce that were used before, by whichever side. */
  repeatedNonces = 0;
  /** Secrets of connections in the order in which they were first derived. */
  readonly secrets: LoggedSecrets[] = [];
  private readonly inner: CryptoProvider = createNodeProvider();
  private readonly prng: Prng;
  private readonly nonces: Set<string> = new Set();
  private pendingClientSecret: Uint8Array | undefined;

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.name = `instrumented ${this.inner.name}`;
    this.suitePreference = this.inner.suitePreference;
  }

  randomBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.prng.uint32() & 0xff);
  }

  sha256(...parts: Uint8Array[]): Uint8Array {
    return this.inner.sha256(...parts);
  }

  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
    const output = this.inner.hmacSha256(key, ...parts);
    // HKDF-Expand of one block: the label, then the block's number.
    const label = EXPANDED.exec(new TextDecoder().decode(parts[0]))?.[1];
    if (label !== undefined) {
      this.derivations += 1;
      this.log(label, output);
    }
    return output;
  }

  hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    this.derivations += 1;
    const output = this.inner.hkdfSha256(inputKey, salt, info, length);
    this.log(new TextDecoder().decode(info), output);
    return output;
  }

  generateKeyPair(): KeyPair {
    this.publicKeyOperations += 1;
    return this.inner.generateKeyPair();
  }

  importPrivateKey(scalar: Uint8Array): KeyPair {
    this.publicKeyOperations += 1;
    return this.inner.importPrivateKey(scalar);
  }

  sharedSecret(privateKey: PrivateKey, peerPublicKey: Uint8Array): Uint8Array | undefined {
    this.publicKeyOperations += 1;
    return this.inner.sharedSecret(privateKey, peerPublicKey);
  }

  sign(privateKey: PrivateKey, message: Uint8Array): Uint8Array {
    this.publicKeyOperations += 1;
    this.signatures += 1;
    return this.inner.sign(privateKey, message);
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    this.publicKeyOperations += 1;
    return this.inner.verify(publicKey, message, signature);
  }

  createAead(suite: CipherSuite, key: Uint8Array): Aead {
    const inner = this.inner.createAead(suite, key);
    const keyText = hex(key);
    return {
      seal: (nonce, bytes, headerStart, bodyStart, bodyEnd) => {
        this.sealed += 1;
        const use = `${keyText} ${hex(nonce)}`;
        if (this.nonces.has(use)) this.repeatedNonces += 1;
        this.nonces.add(use);
        inner.seal(nonce, bytes, headerStart, bodyStart, bodyEnd);
      },
      open: (nonce, bytes, headerStart, bodyStart, end, out) => {
        this.openings += 1;
        return inner.open(nonce, bytes, headerStart, bodyStart, end, out);
      },
    };
  }

  /** Server and client both derive the secrets: each pair is kept once. */
  private log(label: string, output: Uint8Array): void {
    if (label === "sortie v1 client") this.pendingClientSecret = output.slice();
    if (label !== "sortie v1 server" || this.pendingClientSecret === undefined) return;
    const client = this.pendingClientSecret;
    if (!this.secrets.some((known) => hex(known.client) === hex(client))) {
      this.secrets.push({ client, server: output.slice() });
    }
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
