import { type CipherSuite, encodeUtf8 } from "@sortie/wire";
import { checkedProvider } from "./checked-provider.js";
import { suiteKeyBytes } from "./crypto-arguments.js";
import type { CryptoProvider } from "./crypto-provider.js";

/** bytes. Every secret is one SHA-256 output. */
export const SECRET_BYTES = 32;
/** bytes. Nonce of both AEADs (RFC 5116 section 4). */
export const IV_BYTES = 12;

const EMPTY = /* @__PURE__ */ new Uint8Array(0);

/**
 * One label per secret, so that none can stand for another (RFC 5869 section 3.2). docs/PROTOCOL.md section 4. Those
 * that `expand` takes end in the number of the output's block.
 */
const BLOCK_CLIENT: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 client\x01");
const BLOCK_SERVER: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 server\x01");
const BLOCK_EXPORTER: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 exporter\x01");
const BLOCK_RESUMPTION: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 resumption\x01");
const BLOCK_KEY: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 key\x01");
const BLOCK_IV: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 iv\x01");
const LABEL_UPDATE: Uint8Array = /* @__PURE__ */ encodeUtf8("sortie v1 update");

/** What both sides of one handshake know and nobody else; 32 bytes each. */
export interface ConnectionSecrets {
  /** Of packets that the client sends. */
  readonly clientSecret: Uint8Array;
  /** Of packets that the server sends. */
  readonly serverSecret: Uint8Array;
  /** For the application (RFC 8446 section 7.5). */
  readonly exporterSecret: Uint8Array;
  /** Reserved for resumption. */
  readonly resumptionSecret: Uint8Array;
}

/** Key and IV of one direction and key phase. */
export interface PacketKey {
  /** 16 or 32 bytes, as the suite has it. */
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
}

/**
 * The secrets of a connection.
 * @param sharedSecret x-coordinate of the ECDH
 * @param transcriptHash 32 bytes; the salt, so that both sides hold these keys only if they saw the same handshake
 */
export function deriveSecrets(
  crypto: CryptoProvider,
  sharedSecret: Uint8Array,
  transcriptHash: Uint8Array,
): ConnectionSecrets {
  const checked = checkedProvider(crypto);
  const extracted = checked.hmacSha256(transcriptHash, sharedSecret);
  const secrets: ConnectionSecrets = {
    clientSecret: expand(checked, extracted, BLOCK_CLIENT),
    serverSecret: expand(checked, extracted, BLOCK_SERVER),
    exporterSecret: expand(checked, extracted, BLOCK_EXPORTER),
    resumptionSecret: expand(checked, extracted, BLOCK_RESUMPTION),
  };
  extracted.fill(0);
  return secrets;
}

/** Packet key and IV of a client or server secret. */
export function derivePacketKey(crypto: CryptoProvider, suite: CipherSuite, secret: Uint8Array): PacketKey {
  const checked = checkedProvider(crypto);
  const extracted = checked.hmacSha256(EMPTY, secret);
  const packetKey: PacketKey = {
    key: expandTo(checked, extracted, BLOCK_KEY, suiteKeyBytes(suite)),
    iv: expandTo(checked, extracted, BLOCK_IV, IV_BYTES),
  };
  extracted.fill(0);
  return packetKey;
}

/** The secret of the next key phase; the present one does not follow from it (RFC 9001 section 6.1). */
export function nextSecret(crypto: CryptoProvider, secret: Uint8Array): Uint8Array {
  return checkedProvider(crypto).hkdfSha256(secret, EMPTY, LABEL_UPDATE, SECRET_BYTES);
}

/**
 * The first block of HKDF-Expand (RFC 5869 section 2.3), 32 bytes: as much as any secret here has. Several outputs of
 * one secret are expanded from what was extracted once; `hkdfSha256` would extract it for each.
 */
function expand(crypto: CryptoProvider, extracted: Uint8Array, block: Uint8Array): Uint8Array {
  return crypto.hmacSha256(extracted, block);
}

/** The first `length` bytes of it; what is longer is wiped. */
function expandTo(crypto: CryptoProvider, extracted: Uint8Array, block: Uint8Array, length: number): Uint8Array {
  const expanded = expand(crypto, extracted, block);
  const first = expanded.slice(0, length);
  expanded.fill(0);
  return first;
}
