import { type CryptoProvider, fingerprint, IdentityError } from "@sortie/handshake";
import {
  CipherSuite,
  decodeCertificateChain,
  decodeClientHello,
  decodeClientHelloInvariants,
  type DecodeError,
  decodeReject,
  decodeRetry,
  decodeServerHello,
  decodeTransportParameters,
  HandshakeType,
  IdentityType,
  PROTOCOL_VERSION,
  RejectReason,
} from "@sortie/wire";
import { type Described, type Fields, idText, nameOf, toHex } from "./fields.js";

/** A handshake packet for people, or why it does not decode. Names are those of docs/PROTOCOL.md. */
export function describeHandshake(
  crypto: CryptoProvider,
  type: HandshakeType,
  datagram: Uint8Array,
): Described | DecodeError {
  switch (type) {
    case HandshakeType.ClientHello:
      return datagram[4] === PROTOCOL_VERSION ? describeClientHello(datagram) : describeOtherHello(datagram);
    case HandshakeType.Retry: {
      const retry = decodeRetry(datagram);
      if (typeof retry === "string") return retry;
      const clientConnectionId = idText(retry.clientConnectionId);
      return { summary: `to ${clientConnectionId}`, fields: { clientConnectionId, cookie: toHex(retry.cookie) } };
    }
    case HandshakeType.ServerHello:
      return describeServerHello(crypto, datagram);
    case HandshakeType.Reject: {
      const reject = decodeReject(datagram);
      if (typeof reject === "string") return reject;
      const { clientRandom, reason, version = PROTOCOL_VERSION } = reject;
      const clientConnectionId = idText(reject.clientConnectionId);
      const reasonName = nameOf(RejectReason, reason);
      return {
        summary: `to ${clientConnectionId}: ${reasonName}${version === PROTOCOL_VERSION ? "" : `, version ${version}`}`,
        fields: { version, clientConnectionId, clientRandom: toHex(clientRandom), reason, reasonName },
      };
    }
  }
}

function describeClientHello(datagram: Uint8Array): Described | DecodeError {
  const hello = decodeClientHello(datagram);
  if (typeof hello === "string") return hello;
  const clientConnectionId = idText(hello.clientConnectionId);
  const suites = [...hello.suites].map(suiteName);
  const cookie = toHex(hello.cookie);
  return {
    summary: `from ${clientConnectionId}, ${cookie === "" ? "no cookie" : "with a cookie"}, ${suites.join(" or ")}`,
    fields: {
      version: PROTOCOL_VERSION,
      protocolId: toHex(hello.protocolId),
      clientRandom: toHex(hello.clientRandom),
      clientConnectionId,
      suites,
      keyShare: toHex(hello.keyShare),
      cookie,
      parameters: describeParameters(hello.parameters),
    },
  };
}

/** What every version of a hello has in the same place. */
function describeOtherHello(datagram: Uint8Array): Described | DecodeError {
  const hello = decodeClientHelloInvariants(datagram);
  if (typeof hello === "string") return hello;
  const { version } = hello;
  const clientConnectionId = idText(hello.clientConnectionId);
  const [protocolId, clientRandom] = [toHex(hello.protocolId), toHex(hello.clientRandom)];
  const summary = `from ${clientConnectionId}, of version ${version}`;
  return { summary, fields: { version, protocolId, clientRandom, clientConnectionId } };
}

function describeServerHello(crypto: CryptoProvider, datagram: Uint8Array): Described | DecodeError {
  const hello = decodeServerHello(datagram);
  if (typeof hello === "string") return hello;
  const [clientConnectionId, serverConnectionId] = [idText(hello.clientConnectionId), idText(hello.serverConnectionId)];
  const suite = suiteName(hello.suite);
  return {
    summary: `to ${clientConnectionId} from ${serverConnectionId}, ${suite}`,
    fields: {
      version: PROTOCOL_VERSION,
      clientConnectionId,
      serverConnectionId,
      suite,
      serverRandom: toHex(hello.serverRandom),
      keyShare: toHex(hello.keyShare),
      parameters: describeParameters(hello.parameters),
      identityType: nameOf(IdentityType, hello.identityType),
      ...describeIdentity(crypto, hello.identityType, hello.identity),
      signature: toHex(hello.signature),
    },
  };
}

function describeIdentity(crypto: CryptoProvider, type: IdentityType, identity: Uint8Array): Fields {
  if (type === IdentityType.RawKey) {
    return { identity: toHex(identity), fingerprint: fingerprintOf(crypto, identity) };
  }
  const chain = decodeCertificateChain(identity);
  return { identity: toHex(identity), certificates: typeof chain === "string" ? chain : chain.map(toHex) };
}

/** Anyone can send bytes that are no key. */
function fingerprintOf(crypto: CryptoProvider, identity: Uint8Array): string {
  try {
    return fingerprint(crypto, identity);
  } catch (error) {
    if (error instanceof IdentityError) return `none: ${error.message}`;
    throw error;
  }
}

function describeParameters(bytes: Uint8Array): Fields | string {
  const parameters = decodeTransportParameters(bytes);
  return typeof parameters === "string" ? `malformed: ${parameters}` : { ...parameters };
}

/** "aes128-gcm" and the like; unknown ones may be offered. */
function suiteName(code: number): string {
  if (code === CipherSuite.Aes128Gcm) return "AES-128-GCM";
  return code === CipherSuite.ChaCha20Poly1305 ? "ChaCha20-Poly1305" : `unknown (${code})`;
}
