/** Protocol version carried in every handshake packet. docs/PROTOCOL.md section 2. */
export const PROTOCOL_VERSION = 1;

/** The three bytes "SRT" after the type of every handshake packet. */
export const MAGIC_0 = 0x53;
export const MAGIC_1 = 0x52;
export const MAGIC_2 = 0x54;

/** bytes. type (1) | magic (3) | version (1). */
export const HANDSHAKE_HEADER_BYTES = 5;

/** bytes. Every CLIENT_HELLO has exactly this size, so that no answer to it can amplify (RFC 9000 section 8.1). */
export const CLIENT_HELLO_BYTES = 1200;

/**
 * bytes. The part of a CLIENT_HELLO that keeps its place in every version: header, protocol ID, client random and
 * client connection ID, so that a server of another version can still send a REJECT (compare RFC 8999).
 */
export const HELLO_INVARIANT_BYTES: number = HANDSHAKE_HEADER_BYTES + 8 + 32 + 4;

/** bytes. First bytes of SHA-256 of the application's protocol string. */
export const PROTOCOL_ID_BYTES = 8;
/** bytes. */
export const RANDOM_BYTES = 32;
/** bytes. */
export const CONNECTION_ID_BYTES = 4;
/** bytes. Uncompressed P-256 point (SEC 1 section 2.3.3). */
export const KEY_SHARE_BYTES = 65;
/** bytes. ECDSA P-256 signature as r || s (IEEE P1363). */
export const SIGNATURE_BYTES = 64;
/** bytes. time bucket (4) | HMAC-SHA256 (32). */
export const COOKIE_BYTES = 36;
/** Cipher suites a hello may offer. */
export const MAX_OFFERED_SUITES = 8;
/** bytes. Encoded transport parameters of one side; leaves room for a 900-byte certificate chain in a SERVER_HELLO. */
export const MAX_PARAMETERS_BYTES = 100;
/** bytes. Identity in a SERVER_HELLO: a raw key (65) or an X.509 chain. */
export const MAX_IDENTITY_BYTES = 900;
/** Certificates in an X.509 chain: bounds the public-key work of a client. No more than two fit in practice. */
export const MAX_CERTIFICATES = 4;

/** Cipher suites: both with P-256 and SHA-256. */
export const CipherSuite = {
  /** AES-128-GCM (NIST SP 800-38D). */
  Aes128Gcm: 0x01,
  /** ChaCha20-Poly1305 (RFC 8439). */
  ChaCha20Poly1305: 0x02,
} as const;
export type CipherSuite = (typeof CipherSuite)[keyof typeof CipherSuite];

/** bytes. flags (1) | destination connection ID (4) | packet number, low 32 bits (4). */
export const PACKET_HEADER_BYTES = 9;
/** bytes. Tag of both AEADs. */
export const TAG_BYTES = 16;
/** bytes added to the frames of a packet. */
export const PACKET_OVERHEAD_BYTES: number = PACKET_HEADER_BYTES + TAG_BYTES;

/** bytes. Smallest protected packet: header, one frame byte, tag. */
export const MIN_PROTECTED_BYTES: number = PACKET_OVERHEAD_BYTES + 1;

/** bytes. What every path must carry (UDP payload); below the IPv6 minimum MTU of 1280 less headers. */
export const MIN_DATAGRAM_BYTES = 1200;
/** bytes. Ethernet's 1500 less IPv6 (40) and UDP (8). The largest UDP payload Sortie sends or accepts. */
export const MAX_DATAGRAM_BYTES = 1452;

/** Highest packet number; far below 2^53 so that arithmetic on numbers stays exact. */
export const MAX_PACKET_NUMBER: number = 2 ** 48 - 1;

/** bytes. Application payload of CONNECT (a token, credentials). */
export const MAX_CONNECT_PAYLOAD_BYTES = 1024;
/** bytes. UTF-8 text of a CLOSE or of a refusal. */
export const MAX_CLOSE_TEXT_BYTES = 256;
/** bytes. */
export const SESSION_ID_BYTES = 16;
/** bytes. */
export const RESET_TOKEN_BYTES = 16;
/** bytes. Data of PATH_CHALLENGE and PATH_RESPONSE (RFC 9000 section 19.17). */
export const PATH_DATA_BYTES = 8;
/** bytes. 1024 bits: an ACK covers its largest packet and 1024 before it. */
export const MAX_ACK_BITMAP_BYTES = 128;
/** Frames one packet may hold; bounds the work of a packet filled with one-byte frames. */
export const MAX_FRAMES_PER_PACKET = 256;
/** bytes. Largest message that a fragment may claim; peers agree on less by parameters. */
export const MAX_MESSAGE_BYTES: number = 2 ** 30 - 1;
