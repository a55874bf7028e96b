import {
  type CipherSuite,
  type ClientHello,
  decodeTransportParameters,
  encodeTransportParameters,
  encodeUnsignedServerHello,
  IDENTITY_TYPE_BITS,
  IdentityType,
  RANDOM_BYTES,
  signServerHello,
  type TransportParameters,
} from "@sortie/wire";
import { checkedProvider } from "./checked-provider.js";
import { expectConnectionId, expectSuites } from "./crypto-arguments.js";
import type { CryptoProvider } from "./crypto-provider.js";
import type { HandshakeFailure } from "./handshake-failure.js";
import type { HandshakeKeys } from "./handshake-keys.js";
import type { Identity } from "./identity.js";
import { exchangeKeys } from "./key-exchange.js";
import { type KeyLog, logKeys } from "./key-log.js";
import { deriveSecrets } from "./key-schedule.js";
import { signedMessage, transcriptHash } from "./transcript.js";

export interface RespondOptions {
  readonly crypto: CryptoProvider;
  /** Made by the same kind of provider. */
  readonly identity: Identity;
  /** The server's own. */
  readonly parameters: TransportParameters;
  /** Suites the server takes, most wanted first; the provider's preference by default. */
  readonly suites?: readonly CipherSuite[] | undefined;
  /** Hears the secrets of the connection: whoever reads them can decrypt it. Default: nobody. */
  readonly keyLog?: KeyLog | undefined;
}

export interface ServerResponse {
  /** The SERVER_HELLO; to be sent again for a repeated CLIENT_HELLO. */
  readonly packet: Uint8Array;
  readonly keys: HandshakeKeys;
}

/**
 * Answers a CLIENT_HELLO: one key pair, one ECDH, one signature. Its cookie, its protocol ID and the limits of the
 * server are the caller's to check before. Nothing in the hello makes it throw. Throws RangeError for bad options,
 * TypeError for an identity of another provider, and whatever the provider throws when its generator fails.
 * @param helloBytes the whole datagram, which enters the transcript
 * @param hello the same, decoded
 * @param serverConnectionId unsigned 32-bit: what the client puts into packets for the server
 */
export function respond(
  options: RespondOptions,
  helloBytes: Uint8Array,
  hello: ClientHello,
  serverConnectionId: number,
): ServerResponse | HandshakeFailure {
  const { identity } = options;
  const crypto = checkedProvider(options.crypto);
  const suites = options.suites ?? crypto.suitePreference;
  expectSuites(suites);
  expectConnectionId("serverConnectionId", serverConnectionId);
  const suite = suites.find((candidate) => hello.suites.includes(candidate));
  if (suite === undefined) return "no-common-suite";
  const peerParameters = decodeTransportParameters(hello.parameters);
  if (typeof peerParameters === "string") return "bad-parameters";
  const ephemeral = crypto.generateKeyPair();
  const sharedSecret = exchangeKeys(crypto, ephemeral.privateKey, hello.keyShare);
  if (sharedSecret === undefined) return "bad-key-share";

  const unsigned = encodeUnsignedServerHello({
    clientConnectionId: hello.clientConnectionId,
    serverConnectionId,
    suite,
    serverRandom: crypto.randomBytes(RANDOM_BYTES),
    keyShare: ephemeral.publicKey,
    parameters: encodeTransportParameters(options.parameters),
    ...shownIdentity(identity, peerParameters),
  });
  const hash = transcriptHash(crypto, helloBytes, unsigned);
  const signature = crypto.sign(identity.keyPair.privateKey, signedMessage(hash));
  const keys: HandshakeKeys = {
    suite,
    secrets: deriveSecrets(crypto, sharedSecret, hash),
    localConnectionId: serverConnectionId,
    remoteConnectionId: hello.clientConnectionId,
    peerParameters,
  };
  sharedSecret.fill(0);
  if (options.keyLog !== undefined) logKeys(options.keyLog, "server", hello.clientRandom, keys);
  return { packet: signServerHello(unsigned, signature), keys };
}

/** Certificates for clients that ask for them, if there are any; the raw key for all others. */
function shownIdentity(
  { publicKey, certificateChain }: Identity,
  { identityTypes = IDENTITY_TYPE_BITS.rawKey }: TransportParameters,
): { readonly identityType: IdentityType; readonly identity: Uint8Array } {
  if (certificateChain === undefined || (identityTypes & IDENTITY_TYPE_BITS.x509Chain) === 0) {
    return { identityType: IdentityType.RawKey, identity: publicKey };
  }
  return { identityType: IdentityType.X509Chain, identity: certificateChain };
}
