import { certificateVectors } from "./certificate-vectors.js";
import { frameVectors } from "./frame-vectors.js";
import { handshakePacketVectors, transportParameterVectors } from "./handshake-packet-vectors.js";
import { cookieVectors, handshakeVectors, resetVectors } from "./handshake-vectors.js";
import { packetHeaderVectors, varintVectors } from "./number-vectors.js";
import { packetVectors } from "./packet-vectors.js";

/** The files of docs/vectors and what must be in them. */
export function allVectors(): Map<string, string> {
  const files: Record<string, object> = {
    "varints.json": varintVectors(),
    "packet-headers.json": packetHeaderVectors(),
    "transport-parameters.json": transportParameterVectors(),
    "handshake-packets.json": handshakePacketVectors(),
    "certificate-chains.json": certificateVectors(),
    "cookies.json": cookieVectors(),
    "handshakes.json": handshakeVectors(),
    "protected-packets.json": packetVectors(),
    "frames.json": frameVectors(),
    "reset-tokens.json": resetVectors(),
  };
  return new Map(Object.entries(files).map(([name, vectors]) => [name, `${JSON.stringify(vectors, null, 2)}\n`]));
}
