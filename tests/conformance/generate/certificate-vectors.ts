import { ClientHandshake, type Identity, identityOf, protocolId, respond } from "@sortie/handshake";
import {
  CipherSuite,
  decodeCertificateChain,
  decodeClientHello,
  encodeCertificateChain,
  type TransportParameters,
  unsignedPart,
} from "@sortie/wire";
import { crypto, fixedCrypto } from "./fixed-crypto.js";
import { counting, hex, toHex } from "./hex.js";

/** The scalar of the leaf's key, which nobody may ever use: it is published here. */
const LEAF_SCALAR = counting(0x01, 32);

/** Issued once by `issueServerCertificate`: ECDSA is random, and a vector is not. For game.example.com, in 2027. */
const LEAF: Uint8Array = hex(
  "3082019330820139a00302010202105c508c496ba3d8073242b3fc62bbeb4a300a06082a8648ce3d04030230153113301106" +
    "035504030c0a566563746f7273204341301e170d3236313233313233303030305a170d3237303133313030303030305a301b" +
    "3119301706035504030c1067616d652e6578616d706c652e636f6d3059301306072a8648ce3d020106082a8648ce3d030107" +
    "03420004515c3d6eb9e396b904d3feca7f54fdcd0cc1e997bf375dca515ad0a6c3b4035f4536be3a50f318fbf9a5475902a2" +
    "21502bef0d57e08c53b2cc0a56f17d9f9354a3653063300e0603551d0f0101ff04040302078030130603551d25040c300a06" +
    "082b06010505070301301b0603551d1104143012821067616d652e6578616d706c652e636f6d301f0603551d230418301680" +
    "14dd0ad1e9c60538089e17d6ed6aaf48b1b8bd212d300a06082a8648ce3d0403020348003045022100f706e35abb9cf4852b" +
    "2b2620fa509dc9521b8f5ecf824fe178698f6f89e044e60220121aa43689dbb34229e4eb4822865aee9fdcae8ed92ca57353" +
    "7722b140d56ca5",
);

/** The authority that issued it, by `issueAuthority`. */
const AUTHORITY: Uint8Array = hex(
  "3082016d30820113a003020102021057c82878ec504a94c188912e76dc1e73300a06082a8648ce3d04030230153113301106" +
    "035504030c0a566563746f7273204341301e170d3236313233313233303030305a170d3336313232393030303030305a3015" +
    "3113301106035504030c0a566563746f72732043413059301306072a8648ce3d020106082a8648ce3d030107034200049300" +
    "e7ffd49df43c2539cdf5249b9c48eda70c477c21d7b4849e737d32e264524188dacc1f13b4f5d1a70cfed7307eb03cff5beb" +
    "0f6c7cba3f828df41d54ea14a345304330120603551d130101ff040830060101ff020100300e0603551d0f0101ff04040302" +
    "0106301d0603551d0e04160414dd0ad1e9c60538089e17d6ed6aaf48b1b8bd212d300a06082a8648ce3d0403020348003045" +
    "02206b22a3009739bee10c390240647cb6f339626ac04a5dcc1864030e753ed9b4e9022100d7e03fc5e9e850e4522f80d9f6" +
    "dc95f49fcb7b5f4dc57ce88c2a32248251d1f5",
);

const PARAMETERS: TransportParameters = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 20,
  maxDatagramBytes: 1452,
  maxMessageBytes: 65_536,
  receiveWindowBytes: 262_144,
};

/** Section 3.3: chains of certificates, and a SERVER_HELLO with one. */
export function certificateVectors(): object {
  const legal: [string, Uint8Array[]][] = [
    ["a leaf", [LEAF]],
    ["a leaf and its authority", [LEAF, AUTHORITY]],
    ["four of one byte", [0, 1, 2, 3].map((byte) => Uint8Array.of(byte))],
    ["the largest", [new Uint8Array(898)]],
  ];
  const illegal: [string, string, string][] = [
    ["no certificate", "", "truncated"],
    ["a certificate cut short", "0003aabb", "truncated"],
    ["half a length behind one", "0001aa00", "truncated"],
    ["an empty certificate", "0001aa0000", "out-of-range"],
    ["five certificates", "0001aa".repeat(5), "out-of-range"],
  ];
  return {
    section: "3.3",
    chains: {
      legal: legal.map(([name, chain]) => ({
        name,
        bytes: toHex(encodeCertificateChain(chain)),
        certificates: chain.map(toHex),
      })),
      illegal: illegal.map(([name, text, error]) => {
        const found = decodeCertificateChain(hex(text));
        if (found !== error) throw new Error(`${name}: expected ${error}, got ${String(found)}`);
        return { name, bytes: text, error };
      }),
    },
    serverHello: signedServerHello(),
  };
}

function signedServerHello(): object {
  const certificateChain = encodeCertificateChain([LEAF, AUTHORITY]);
  const identity: Identity = { ...identityOf(crypto.importPrivateKey(LEAF_SCALAR)), certificateChain };
  const leafKey = identity.publicKey;
  const client = new ClientHandshake({
    crypto: fixedCrypto({ randoms: [counting(0x60, 32)], scalars: [counting(0x21, 32)] }),
    protocolId: protocolId(crypto, "arena/1"),
    clientConnectionId: 0x0a0b_0c0d,
    parameters: PARAMETERS,
    suites: [CipherSuite.Aes128Gcm],
    // X.509 itself is judged elsewhere: here the key of the leaf is known.
    trust: { kind: "certificate", verifier: { leafKey: () => leafKey, verify: () => undefined } },
  });
  const clientHello = client.hello();
  const fields = decodeClientHello(clientHello);
  if (typeof fields === "string") throw new Error(fields);
  const response = respond(
    {
      crypto: fixedCrypto({ randoms: [counting(0x80, 32)], scalars: [counting(0x41, 32)] }),
      identity,
      parameters: PARAMETERS,
    },
    clientHello,
    fields,
    0x1a2b_3c4d,
  );
  if (typeof response === "string") throw new Error(response);
  const progress = client.receive(response.packet);
  if (progress.kind !== "established") throw new Error(progress.kind);
  return {
    clientHello: toHex(clientHello),
    serverHello: toHex(response.packet),
    leafPublicKey: toHex(leafKey),
    transcriptHash: toHex(crypto.sha256(clientHello, unsignedPart(response.packet))),
  };
}
