import { CipherSuite } from "@sortie/wire";
import { containRejection } from "./contain-rejection.js";
import { expectBytes } from "./crypto-arguments.js";
import { describeKind } from "./describe-kind.js";
import type { HandshakeKeys } from "./handshake-keys.js";

/**
 * Takes a line of a key log, without line end, for each connection whose keys this side has: see docs/DEBUGGING.md.
 * Whoever reads the lines can decrypt these connections, so that nothing gives one by default. It must not throw.
 */
export type KeyLog = (line: string) => void;

/** First word of a line, so that the file may be shared with other programs (compare NSS's SSLKEYLOGFILE). */
const KEY_LOG_LABEL = "SORTIE_V1";

/** label, client random, client's and server's connection ID, suite, client secret, server secret. */
const LINE = /^SORTIE_V1 ([0-9a-f]{64}) ([0-9a-f]{8}) ([0-9a-f]{8}) (0[12]) ([0-9a-f]{64}) ([0-9a-f]{64})$/;

/** bytes of the client's random, and of each secret. */
const KEY_BYTES = 32;

/** What a line of a key log says of one connection. */
export interface KeyLogEntry {
  /** 32 bytes: names the attempt to connect, as it stands in CLIENT_HELLO. */
  readonly clientRandom: Uint8Array;
  /** Unsigned 32-bit: of packets that the server sends. */
  readonly clientConnectionId: number;
  /** Unsigned 32-bit: of packets that the client sends. */
  readonly serverConnectionId: number;
  readonly suite: CipherSuite;
  /** 32 bytes, of generation 0: those of later generations follow from it by `nextSecret`. */
  readonly clientSecret: Uint8Array;
  /** 32 bytes, of generation 0. */
  readonly serverSecret: Uint8Array;
}

/**
 * The line of one connection; it has 225 characters. Throws TypeError for what is no entry, RangeError for one that
 * `parseKeyLogLine` would not take.
 */
export function keyLogLine(entry: KeyLogEntry): string {
  checkEntry(entry);
  return [
    KEY_LOG_LABEL,
    toHex(entry.clientRandom),
    entry.clientConnectionId.toString(16).padStart(8, "0"),
    entry.serverConnectionId.toString(16).padStart(8, "0"),
    entry.suite.toString(16).padStart(2, "0"),
    toHex(entry.clientSecret),
    toHex(entry.serverSecret),
  ].join(" ");
}

/**
 * What a line says; undefined for lines of other programs, comments and empty ones. Throws RangeError for a line that
 * begins like one of Sortie's and is none, TypeError for what is no text; the message does not repeat the line, which
 * may hold secrets.
 */
export function parseKeyLogLine(line: string): KeyLogEntry | undefined {
  if (typeof line !== "string") {
    containRejection(line);
    throw new TypeError(`"line" expected a string, got ${describeKind(line)}`);
  }
  const text = line.trim();
  if (text.split(/\s/, 1)[0] !== KEY_LOG_LABEL) return undefined;
  const fields = LINE.exec(text);
  if (fields === null) {
    throw new RangeError(
      `"line" expected "${KEY_LOG_LABEL}" and six fields (64, 8, 8, 2, 64 and 64 hexadecimal digits), ` +
        `got ${text.length} characters`,
    );
  }
  const [, random, clientId, serverId, suite, clientSecret, serverSecret] = fields as unknown as string[];
  return {
    clientRandom: fromHex(random as string),
    clientConnectionId: Number.parseInt(clientId as string, 16),
    serverConnectionId: Number.parseInt(serverId as string, 16),
    suite: suite === "01" ? CipherSuite.Aes128Gcm : CipherSuite.ChaCha20Poly1305,
    clientSecret: fromHex(clientSecret as string),
    serverSecret: fromHex(serverSecret as string),
  };
}

/** Tells the log of the keys of a handshake that is done. */
export function logKeys(
  keyLog: KeyLog,
  role: "client" | "server",
  clientRandom: Uint8Array,
  keys: HandshakeKeys,
): void {
  const isClient = role === "client";
  keyLog(
    keyLogLine({
      clientRandom,
      clientConnectionId: isClient ? keys.localConnectionId : keys.remoteConnectionId,
      serverConnectionId: isClient ? keys.remoteConnectionId : keys.localConnectionId,
      suite: keys.suite,
      clientSecret: keys.secrets.clientSecret,
      serverSecret: keys.secrets.serverSecret,
    }),
  );
}

/** Of what is no number, nothing is shown: it may be a secret that stands in the wrong place. */
function checkEntry(entry: KeyLogEntry): void {
  if (typeof entry !== "object" || entry === null) {
    throw new TypeError(`"entry" expected an object, got ${describeKind(entry)}`);
  }
  expectBytes("clientRandom", entry.clientRandom, KEY_BYTES);
  expectBytes("clientSecret", entry.clientSecret, KEY_BYTES);
  expectBytes("serverSecret", entry.serverSecret, KEY_BYTES);
  for (const name of ["clientConnectionId", "serverConnectionId"] as const) {
    const id: unknown = entry[name];
    if (typeof id !== "number") throw new TypeError(`"${name}" expected a number, got ${describeKind(id)}`);
    if (id >>> 0 !== id) throw new RangeError(`"${name}" expected 0..4294967295, got ${id}`);
  }
  const suite: unknown = entry.suite;
  if (suite === CipherSuite.Aes128Gcm || suite === CipherSuite.ChaCha20Poly1305) return;
  throw new RangeError(`"suite" expected 1 or 2, got ${typeof suite === "number" ? suite : describeKind(suite)}`);
}

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
