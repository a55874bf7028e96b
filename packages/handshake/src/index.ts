export { AddressCookie, type AddressCookieOptions, type CookieSubject } from "./address-cookie.js";
export type { AeadCost, AeadSource } from "./aead-source.js";
export type { CertificateFailure, CertificateFailureCode, CertificateVerifier } from "./certificate-verifier.js";
export { checkedProvider } from "./checked-provider.js";
export {
  ClientHandshake,
  type ClientHandshakeOptions,
  type HandshakeProgress,
  type ServerTrust,
} from "./client-handshake.js";
export { composeProvider, type ComposedProvider } from "./composed-provider.js";
export { containRejection } from "./contain-rejection.js";
export type { Aead, CryptoProvider, KeyPair, PrivateKey } from "./crypto-provider.js";
export { describeKind } from "./describe-kind.js";
export { type HandshakeDrop, type HandshakeFailure, MAX_RETRIES } from "./handshake-failure.js";
export type { EstablishedKeys, HandshakeKeys } from "./handshake-keys.js";
export {
  fingerprint,
  type Identity,
  IdentityError,
  type IdentityErrorCode,
  identityOf,
  parsePublicKey,
  publicKeyToPem,
} from "./identity.js";
export { type KeyLog, type KeyLogEntry, keyLogLine, parseKeyLogLine } from "./key-log.js";
export { type ConnectionSecrets, derivePacketKey, deriveSecrets, nextSecret, type PacketKey } from "./key-schedule.js";
export type { KeyLimits } from "./key-update.js";
export { nobleAeads } from "./noble-aead.js";
export { createNobleProvider, type NobleProviderOptions } from "./noble-provider.js";
export {
  OPEN_FAILED,
  PacketProtection,
  type PacketProtectionOptions,
  type PacketProtectionStatistics,
} from "./packet-protection.js";
export { PROTECTION_LEVELS, prefetchProtection } from "./prefetch.js";
export { protocolId } from "./protocol-id.js";
export { REPLAY_WINDOW_PACKETS, ReplayWindow, type ReplayVerdict } from "./replay-window.js";
export { respond, type RespondOptions, type ServerResponse } from "./server-handshake.js";
