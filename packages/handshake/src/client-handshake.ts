import {
  type CipherSuite,
  type ClientHello,
  decodeCertificateChain,
  decodeReject,
  decodeRetry,
  decodeServerHello,
  decodeTransportParameters,
  encodeClientHello,
  encodeTransportParameters,
  HandshakeType,
  IDENTITY_TYPE_BITS,
  IdentityType,
  isBytes,
  peekHandshakeType,
  PROTOCOL_ID_BYTES,
  PROTOCOL_VERSION,
  RANDOM_BYTES,
  RejectReason,
  type ServerHello,
  type TransportParameters,
  unsignedPart,
} from "@sortie/wire";
import type { CertificateVerifier } from "./certificate-verifier.js";
import { checkedProvider } from "./checked-provider.js";
import { equalConstantTime } from "./constant-time.js";
import { expectBytes, expectConnectionId, expectSuites } from "./crypto-arguments.js";
import type { CryptoProvider, PrivateKey } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";
import type { HandshakeDrop } from "./handshake-failure.js";
import type { EstablishedKeys } from "./handshake-keys.js";
import { exchangeKeys } from "./key-exchange.js";
import { type KeyLog, logKeys } from "./key-log.js";
import { deriveSecrets } from "./key-schedule.js";
import { looksUncompressed } from "./p256-encoding.js";
import { RetryCookies } from "./retry-cookies.js";
import { signedMessage, transcriptHash } from "./transcript.js";

/** How a client knows its server. */
export type ServerTrust =
  /** The server must sign with this key: 65 bytes, as `parsePublicKey` returns them. */
  | { readonly kind: "pin"; readonly publicKey: Uint8Array }
  /** The server must sign with the key of a certificate that the verifier believes. */
  | { readonly kind: "certificate"; readonly verifier: CertificateVerifier }
  /** Any key at all: no protection from a man in the middle. */
  | { readonly kind: "any" };

export interface ClientHandshakeOptions {
  readonly crypto: CryptoProvider;
  /** 8 bytes, from `protocolId`. */
  readonly protocolId: Uint8Array;
  /** Unsigned 32-bit, random: what the server puts into packets for this connection. */
  readonly clientConnectionId: number;
  /** The client's own. */
  readonly parameters: TransportParameters;
  /** Suites to offer, most wanted first; the provider's preference by default. */
  readonly suites?: readonly CipherSuite[] | undefined;
  readonly trust: ServerTrust;
  /** Hears the secrets of the connection: whoever reads them can decrypt it. Default: nobody. */
  readonly keyLog?: KeyLog | undefined;
}

/** What a datagram brought. */
export type HandshakeProgress =
  /** Nothing: go on waiting. */
  | {
      readonly kind: "ignored";
      readonly reason: HandshakeDrop;
      /** For "identity-mismatch": why the certificate is not believed. */
      readonly detail?: string;
    }
  /** A cookie: send `hello()` again, at once. */
  | { readonly kind: "retry" }
  /** The server refuses, as far as can be told before keys. A later datagram may still establish. */
  | { readonly kind: "rejected"; readonly reason: RejectReason; readonly version: number }
  /** Done. Later datagrams are ignored. */
  | { readonly kind: "established"; readonly keys: EstablishedKeys };

/**
 * The initiator: makes the CLIENT_HELLO and judges what comes back. Holds no timer: the caller sends `hello()` and
 * repeats it. Nothing in a datagram makes it throw, and none is kept. The constructor throws RangeError or
 * TypeError for bad options; it and `receive` throw whatever the provider throws when its generator fails.
 */
export class ClientHandshake {
  readonly #crypto: CryptoProvider;
  readonly #trust: ServerTrust;
  readonly #keyLog: KeyLog | undefined;
  readonly #privateKey: PrivateKey;
  readonly #fields: ClientHello;
  readonly #cookies: RetryCookies;
  /** With the newest cookie. */
  #hello: Uint8Array;
  #established = false;

  constructor(options: ClientHandshakeOptions) {
    const { trust, clientConnectionId } = options;
    const crypto = checkedProvider(options.crypto);
    const suites = options.suites ?? crypto.suitePreference;
    expectSuites(suites);
    expectTrust(trust);
    expectBytes("protocolId", options.protocolId, PROTOCOL_ID_BYTES);
    expectConnectionId("clientConnectionId", clientConnectionId);
    const { publicKey, privateKey } = crypto.generateKeyPair();
    this.#crypto = crypto;
    // Here and below not slice(): that of a Node Buffer shares its memory.
    this.#trust = trust.kind === "pin" ? { kind: "pin", publicKey: new Uint8Array(trust.publicKey) } : trust;
    this.#keyLog = options.keyLog;
    this.#privateKey = privateKey;
    this.#cookies = new RetryCookies(crypto);
    this.#fields = {
      protocolId: new Uint8Array(options.protocolId),
      clientRandom: crypto.randomBytes(RANDOM_BYTES),
      clientConnectionId,
      suites: Uint8Array.from(suites),
      keyShare: publicKey,
      cookie: this.#cookies.newest,
      parameters: encodeTransportParameters({ ...options.parameters, identityTypes: identityTypesFor(trust) }),
    };
    this.#hello = encodeClientHello(this.#fields);
  }

  /**
   * The CLIENT_HELLO to send, 1200 bytes: the same until a RETRY brings a cookie, and with the same random and key
   * share ever after. The array is the handshake's own: not to be changed.
   */
  hello(): Uint8Array {
    return this.#hello;
  }

  /**
   * The hello goes out again because time has passed: the count of cookies starts anew, so that neither forged ones nor
   * a long wait for a server that is busy make the client deaf to the true one for good. Where there were too many,
   * `hello()` now has one of those that were passed over, chosen at random.
   */
  renewRetries(): void {
    if (this.#cookies.renew()) this.#hello = this.#helloWith(this.#cookies.newest);
  }

  /** Judges a datagram of the network. */
  receive(datagram: Uint8Array): HandshakeProgress {
    const type = peekHandshakeType(datagram);
    if (typeof type === "string") return ignored("malformed");
    if (this.#established) return ignored("unexpected");
    switch (type) {
      case HandshakeType.Retry:
        return this.#onRetry(datagram);
      case HandshakeType.ServerHello:
        return this.#onServerHello(datagram);
      case HandshakeType.Reject:
        return this.#onReject(datagram);
      case HandshakeType.ClientHello:
        return ignored("unexpected");
    }
  }

  #onRetry(datagram: Uint8Array): HandshakeProgress {
    const retry = decodeRetry(datagram);
    if (typeof retry === "string") return ignored("malformed");
    if (retry.clientConnectionId !== this.#fields.clientConnectionId) return ignored("wrong-connection-id");
    const outcome = this.#cookies.offer(retry.cookie);
    if (outcome !== "taken") return ignored(outcome);
    this.#hello = this.#helloWith(this.#cookies.newest);
    return { kind: "retry" };
  }

  #helloWith(cookie: Uint8Array): Uint8Array {
    return encodeClientHello({ ...this.#fields, cookie });
  }

  #onReject(datagram: Uint8Array): HandshakeProgress {
    const reject = decodeReject(datagram);
    if (typeof reject === "string") return ignored("malformed");
    if (reject.clientConnectionId !== this.#fields.clientConnectionId) return ignored("wrong-connection-id");
    if (!equalConstantTime(reject.clientRandom, this.#fields.clientRandom)) return ignored("wrong-random");
    const version = reject.version ?? PROTOCOL_VERSION;
    // Nobody refuses a version that is its own.
    if (reject.reason === RejectReason.Version && version === PROTOCOL_VERSION) return ignored("malformed");
    return { kind: "rejected", reason: reject.reason, version };
  }

  /** Cheap checks first, then the signature, then the key exchange: only with a key that is trusted. */
  #onServerHello(datagram: Uint8Array): HandshakeProgress {
    const hello = decodeServerHello(datagram);
    if (typeof hello === "string") return ignored("malformed");
    if (hello.clientConnectionId !== this.#fields.clientConnectionId) return ignored("wrong-connection-id");
    if (!this.#fields.suites.includes(hello.suite)) return ignored("suite-not-offered");
    const peerParameters = decodeTransportParameters(hello.parameters);
    if (typeof peerParameters === "string") return ignored("bad-parameters");
    const shown = this.#readIdentity(hello);
    if (typeof shown === "string") return ignored(shown);
    const hash = this.#signedTranscript(datagram, shown.publicKey, hello.signature);
    if (hash === undefined) return ignored("bad-signature");
    const mismatch = judgeIdentity(this.#trust, shown);
    if (mismatch !== undefined) return mismatch;
    const sharedSecret = exchangeKeys(this.#crypto, this.#privateKey, hello.keyShare);
    if (sharedSecret === undefined) return ignored("bad-key-share");
    this.#established = true;
    const keys: EstablishedKeys = {
      suite: hello.suite as CipherSuite,
      secrets: deriveSecrets(this.#crypto, sharedSecret, hash),
      localConnectionId: hello.clientConnectionId,
      remoteConnectionId: hello.serverConnectionId,
      peerParameters,
      serverPublicKey: new Uint8Array(shown.publicKey),
    };
    sharedSecret.fill(0);
    if (this.#keyLog !== undefined) logKeys(this.#keyLog, "client", this.#fields.clientRandom, keys);
    return { kind: "established", keys };
  }

  /** The key that the server says to have, with the certificates for it, if this client takes such. */
  #readIdentity({ identityType, identity }: ServerHello): ShownIdentity | HandshakeDrop {
    if (identityType === IdentityType.RawKey) {
      return looksUncompressed(identity) ? { publicKey: identity, certificates: [] } : "unsupported-identity";
    }
    if (this.#trust.kind !== "certificate") return "unsupported-identity";
    const certificates = decodeCertificateChain(identity);
    if (typeof certificates === "string") return "malformed";
    const publicKey = this.#trust.verifier.leafKey(certificates);
    return publicKey === undefined ? "unsupported-identity" : { publicKey, certificates };
  }

  /**
   * Hash of the transcript that was signed with this key; undefined when none of ours was. An answer to a hello can
   * cross RETRYs, true or forged, to a repetition of it, so the newest alone would not do; each other one costs a
   * signature check more for every forged SERVER_HELLO, but there are others only where other RETRYs came.
   */
  #signedTranscript(datagram: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
    for (const cookie of this.#cookies.all) {
      const clientHello = this.#helloWith(cookie);
      const hash = transcriptHash(this.#crypto, clientHello, unsignedPart(datagram));
      if (this.#crypto.verify(publicKey, signedMessage(hash), signature)) return hash;
    }
    return undefined;
  }
}

/** What a SERVER_HELLO shows; no certificates with a raw key. */
interface ShownIdentity {
  readonly publicKey: Uint8Array;
  readonly certificates: readonly Uint8Array[];
}

/** Undefined when the key, which has signed, is the one to be trusted. */
function judgeIdentity(trust: ServerTrust, shown: ShownIdentity): HandshakeProgress | undefined {
  if (trust.kind === "any") return undefined;
  if (trust.kind === "pin") {
    return equalConstantTime(shown.publicKey, trust.publicKey) ? undefined : ignored("identity-mismatch");
  }
  const { certificates } = shown;
  const failure =
    certificates.length === 0 ? { text: "the server has no certificate" } : trust.verifier.verify(certificates);
  return failure && { kind: "ignored", reason: "identity-mismatch", detail: failure.text };
}

/** Certificates are asked for where they can be checked, raw keys everywhere else. */
function identityTypesFor(trust: ServerTrust): number {
  return trust.kind === "certificate" ? IDENTITY_TYPE_BITS.x509Chain : IDENTITY_TYPE_BITS.rawKey;
}

function ignored(reason: HandshakeDrop): HandshakeProgress {
  return { kind: "ignored", reason };
}

function expectTrust(trust: ServerTrust): void {
  if (trust.kind === "any" || trust.kind === "certificate") return;
  if (trust.kind !== "pin") {
    const got = String((trust as { kind: unknown }).kind);
    throw new TypeError(`"trust.kind" expected "pin", "certificate" or "any", got "${got}"`);
  }
  const expected = '"trust.publicKey" expected 65 bytes that start with 04, got';
  if (!isBytes(trust.publicKey)) throw new TypeError(`${expected} ${describeKind(trust.publicKey)}`);
  if (!looksUncompressed(trust.publicKey)) throw new RangeError(`${expected} ${trust.publicKey.length} bytes`);
}
