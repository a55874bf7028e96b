import {
  AddressCookie,
  ClientHandshake,
  type CryptoProvider,
  derivePacketKey,
  type HandshakeKeys,
  identityOf,
  nextSecret,
  protocolId,
  respond,
} from "@sortie/handshake";
import {
  ByteWriter,
  CipherSuite,
  decodeClientHello,
  decodeServerHello,
  encodeRetry,
  encodeUtf8,
  type TransportParameters,
  unsignedPart,
} from "@sortie/wire";
import { crypto, fixedCrypto } from "./fixed-crypto.js";
import { counting, expectSame, hex, toHex } from "./hex.js";

const PROTOCOL = "arena/1";
const CLIENT_ID = 0x0a0b_0c0d;
const SERVER_ID = 0x1a2b_3c4d;

const CLIENT_PARAMETERS: TransportParameters = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 20,
  maxDatagramBytes: 1452,
  maxMessageBytes: 65_536,
  receiveWindowBytes: 262_144,
};
const SERVER_PARAMETERS: TransportParameters = { ...CLIENT_PARAMETERS, idleTimeoutMs: 15_000, maxAckDelayMs: 25 };

/** Scalars that nobody may ever use: they are published here. */
const IDENTITY_SCALAR = counting(0x01, 32);
const CLIENT_SCALAR = counting(0x21, 32);
const SERVER_SCALAR = counting(0x41, 32);

/** 192.0.2.1 (RFC 5737) in its 16-byte form. */
const ADDRESS = hex("00000000000000000000ffffc0000201");
const PORT = 49_152;
const COOKIE_SECRET = counting(0xe0, 32);
/** Bucket 1234. */
const NOW_MS = 6_172_345;

/** What both sides hold after the handshake of a suite. */
export interface VectorHandshake {
  readonly client: HandshakeKeys;
  readonly server: HandshakeKeys;
  readonly vector: object;
}

export function runHandshake(suite: CipherSuite): VectorHandshake {
  const identity = identityOf(crypto.importPrivateKey(IDENTITY_SCALAR));
  const client = new ClientHandshake({
    crypto: fixedCrypto({ randoms: [counting(0x60, 32)], scalars: [CLIENT_SCALAR] }),
    protocolId: protocolId(crypto, PROTOCOL),
    clientConnectionId: CLIENT_ID,
    parameters: CLIENT_PARAMETERS,
    suites: [CipherSuite.ChaCha20Poly1305, CipherSuite.Aes128Gcm],
    trust: { kind: "pin", publicKey: identity.publicKey },
  });
  const firstHello = client.hello();
  const fields = decodeClientHello(firstHello);
  if (typeof fields === "string") throw new Error(fields);
  const cookies = new AddressCookie(fixedCrypto({ randoms: [COOKIE_SECRET], scalars: [] }));
  const cookie = cookies.issue(ADDRESS, PORT, fields, NOW_MS);
  const writer = new ByteWriter().reset(new Uint8Array(45));
  encodeRetry(writer, { clientConnectionId: CLIENT_ID, cookie });
  expectSame("retry", client.receive(writer.bytes), { kind: "retry" });

  const hello = client.hello();
  const withCookie = decodeClientHello(hello);
  if (typeof withCookie === "string") throw new Error(withCookie);
  expectSame("cookie", cookies.verify(withCookie.cookie, ADDRESS, PORT, withCookie, NOW_MS + 1000), true);
  const response = respond(
    {
      crypto: fixedCrypto({ randoms: [counting(0x80, 32)], scalars: [SERVER_SCALAR] }),
      identity,
      parameters: SERVER_PARAMETERS,
      suites: [suite],
    },
    hello,
    withCookie,
    SERVER_ID,
  );
  if (typeof response === "string") throw new Error(response);
  const progress = client.receive(response.packet);
  if (progress.kind !== "established") throw new Error(progress.kind);
  expectSame("secrets", progress.keys.secrets, response.keys.secrets);

  const serverHello = decodeServerHello(response.packet);
  if (typeof serverHello === "string") throw new Error(serverHello);
  const ephemeral = crypto.importPrivateKey(CLIENT_SCALAR);
  const { secrets } = response.keys;
  const vector = {
    suite,
    protocol: PROTOCOL,
    protocolId: toHex(fields.protocolId),
    clientConnectionId: CLIENT_ID,
    serverConnectionId: SERVER_ID,
    clientRandom: toHex(fields.clientRandom),
    serverRandom: toHex(serverHello.serverRandom),
    clientPrivateKey: toHex(CLIENT_SCALAR),
    serverPrivateKey: toHex(SERVER_SCALAR),
    identityPrivateKey: toHex(IDENTITY_SCALAR),
    identityPublicKey: toHex(identity.publicKey),
    clientParameters: CLIENT_PARAMETERS,
    serverParameters: SERVER_PARAMETERS,
    firstClientHello: toHex(firstHello),
    retry: toHex(writer.bytes),
    clientHello: toHex(hello),
    serverHello: toHex(response.packet),
    sharedSecret: toHex(crypto.sharedSecret(ephemeral.privateKey, serverHello.keyShare) as Uint8Array),
    transcriptHash: toHex(crypto.sha256(hello, unsignedPart(response.packet))),
    secrets: {
      client: toHex(secrets.clientSecret),
      server: toHex(secrets.serverSecret),
      exporter: toHex(secrets.exporterSecret),
      resumption: toHex(secrets.resumptionSecret),
    },
    clientKeys: keyChain(suite, secrets.clientSecret),
    serverKeys: keyChain(suite, secrets.serverSecret),
  };
  return { client: progress.keys, server: response.keys, vector };
}

/** Secret, key and IV of the first three generations. */
function keyChain(suite: CipherSuite, first: Uint8Array): object[] {
  const chain: object[] = [];
  let secret = first;
  for (let generation = 0; generation < 3; generation++) {
    const { key, iv } = derivePacketKey(crypto, suite, secret);
    chain.push({ generation, secret: toHex(secret), key: toHex(key), iv: toHex(iv) });
    secret = nextSecret(crypto, secret);
  }
  return chain;
}

/** Sections 3 and 4: whole handshakes from fixed keys and randoms, and every step of the key schedule. */
export function handshakeVectors(): object {
  return {
    section: "3, 4",
    handshakes: [CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305].map((suite) => runHandshake(suite).vector),
  };
}

/** Section 3.2: the cookie, which only its server reads, and how long it is good. */
export function cookieVectors(): object {
  const subject = { protocolId: counting(0xa0, 8), clientRandom: counting(0, 32), clientConnectionId: 0xc1c2_c3c4 };
  const addresses = [
    ["192.0.2.1", ADDRESS],
    ["2001:db8::1", hex("20010db8000000000000000000000001")],
  ] as const;
  const bucketMs = 5000;
  return {
    section: "3.2",
    secret: toHex(COOKIE_SECRET),
    bucketMs,
    subject: {
      protocolId: toHex(subject.protocolId),
      clientRandom: toHex(subject.clientRandom),
      clientConnectionId: subject.clientConnectionId,
    },
    cookies: addresses.map(([address, bytes]) => {
      const fixed: CryptoProvider = fixedCrypto({ randoms: [COOKIE_SECRET, counting(0, 32)], scalars: [] });
      const cookies = new AddressCookie(fixed, { bucketMs });
      const cookie = cookies.issue(bytes, PORT, subject, NOW_MS);
      const ages = [0, 2654, 2655, 7654, 7655].map((ageMs) => ({
        ageMs,
        good: cookies.verify(cookie, bytes, PORT, subject, NOW_MS + ageMs),
      }));
      return { address, addressBytes: toHex(bytes), port: PORT, nowMs: NOW_MS, cookie: toHex(cookie), ages };
    }),
  };
}

/**
 * Section 8.6: reset tokens of the vectors' identity. Made from the text with the provider's primitives: the server's
 * own class is no public API.
 */
export function resetVectors(): object {
  const keyPair = crypto.importPrivateKey(IDENTITY_SCALAR);
  const square = crypto.sharedSecret(keyPair.privateKey, keyPair.publicKey) as Uint8Array;
  const key = crypto.hkdfSha256(square, new Uint8Array(0), encodeUtf8("sortie v1 reset"), 32);
  const samples = [
    [SERVER_ID, ADDRESS],
    [0, ADDRESS],
    [0xffff_ffff, hex("20010db8000000000000000000000001")],
  ] as const;
  return {
    section: "8.6",
    identityPrivateKey: toHex(IDENTITY_SCALAR),
    key: toHex(key),
    tokens: samples.map(([connectionId, address]) => {
      const id = new Uint8Array(4);
      new DataView(id.buffer).setUint32(0, connectionId);
      const token = crypto.hmacSha256(key, id, address).subarray(0, 16);
      return { connectionId, addressBytes: toHex(address), token: toHex(token) };
    }),
  };
}
