import { ByteReader } from "../byte-reader.js";
import { ByteWriter } from "../byte-writer.js";
import { MAX_DATAGRAM_BYTES, MAX_MESSAGE_BYTES, MAX_PARAMETERS_BYTES, MIN_DATAGRAM_BYTES } from "../constants.js";
import type { DecodeError } from "../decode-error.js";
import { varintBytes } from "../varint.js";

/** A bit for each identity type of SERVER_HELLO that a client takes. */
export const IDENTITY_TYPE_BITS = { rawKey: 1, x509Chain: 2 } as const;

/** What one side tells the other of itself, under the signature. docs/PROTOCOL.md section 3.5. */
export interface TransportParameters {
  /** ms, 1000..600000. The side closes after this long without a packet; the smaller of both counts. */
  readonly idleTimeoutMs: number;
  /** ms, 0..1000. The longest the side means to hold back an acknowledgement. */
  readonly maxAckDelayMs: number;
  /** bytes, 1200..1452. Largest datagram the side takes. */
  readonly maxDatagramBytes: number;
  /** bytes, 1..2^30-1. Largest message the side takes. */
  readonly maxMessageBytes: number;
  /** bytes, at least maxMessageBytes. Reliable data the side holds for a sender before it is in order or whole. */
  readonly receiveWindowBytes: number;
  /**
   * Kinds of identity that a client can check, a sum of `IDENTITY_TYPE_BITS`, 1..3. Absent: raw keys alone. Servers
   * have no use for it and leave it out.
   */
  readonly identityTypes?: number;
  /** 1 when the side takes TIMED_ACK frames, 0..1. Absent: it does not. */
  readonly timedAcks?: number;
}

interface ParameterRule {
  readonly id: number;
  readonly name: keyof TransportParameters;
  readonly min: number;
  readonly max: number;
  /** What a parameter that is not there means; it is left out then, and must not be spelled. */
  readonly fallback?: number;
}

/** Ascending by ID, which is the order on the wire. */
const RULES: readonly ParameterRule[] = [
  { id: 1, name: "idleTimeoutMs", min: 1000, max: 600_000 },
  { id: 2, name: "maxAckDelayMs", min: 0, max: 1000 },
  { id: 3, name: "maxDatagramBytes", min: MIN_DATAGRAM_BYTES, max: MAX_DATAGRAM_BYTES },
  { id: 4, name: "maxMessageBytes", min: 1, max: MAX_MESSAGE_BYTES },
  { id: 5, name: "receiveWindowBytes", min: 1, max: 2 ** 40 },
  { id: 6, name: "identityTypes", min: 1, max: 3, fallback: IDENTITY_TYPE_BITS.rawKey },
  { id: 7, name: "timedAcks", min: 0, max: 1, fallback: 0 },
];
const REQUIRED = RULES.filter((rule) => rule.fallback === undefined).length;

/** Where parameters are written before their length is known. */
const scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(MAX_PARAMETERS_BYTES);
const sharedWriter: ByteWriter = /* @__PURE__ */ new ByteWriter();

/** Throws RangeError that names the parameter, its range and what came. */
export function encodeTransportParameters(parameters: TransportParameters): Uint8Array {
  const writer = sharedWriter.reset(scratch);
  for (const rule of RULES) {
    const value = parameters[rule.name] ?? rule.fallback ?? Number.NaN;
    if (!Number.isInteger(value) || value < rule.min || value > rule.max) {
      throw new RangeError(`"${rule.name}" expected an integer in ${rule.min}..${rule.max}, got ${value}`);
    }
    if (value === rule.fallback) continue;
    writer.varint(rule.id);
    writer.varint(varintBytes(value));
    writer.varint(value);
  }
  const { maxMessageBytes, receiveWindowBytes } = parameters;
  if (receiveWindowBytes < maxMessageBytes) {
    throw new RangeError(
      `"receiveWindowBytes" expected at least maxMessageBytes (${maxMessageBytes}), got ${receiveWindowBytes}`,
    );
  }
  return writer.bytes.slice(0, writer.offset);
}

/** Parameters come in ascending order, each once; all but those with a fallback must be there. Unknown: passed over. */
export function decodeTransportParameters(bytes: Uint8Array): TransportParameters | DecodeError {
  const reader = new ByteReader().reset(bytes);
  const values: Partial<Record<keyof TransportParameters, number>> = {};
  let lastId = -1;
  let required = 0;
  while (reader.remaining > 0 && reader.error === undefined) {
    const id = reader.varint();
    if (id <= lastId) reader.fail("non-canonical");
    lastId = id;
    const length = reader.varint();
    const rule = RULES.find((candidate) => candidate.id === id);
    if (rule === undefined) {
      reader.skip(length);
      continue;
    }
    const value = reader.varint();
    if (reader.error === undefined && varintBytes(value) !== length) reader.fail("non-canonical");
    if (value < rule.min || value > rule.max) reader.fail("out-of-range");
    if (value === rule.fallback) reader.fail("non-canonical");
    values[rule.name] = value;
    if (rule.fallback === undefined) required += 1;
  }
  if (required < REQUIRED) reader.fail("truncated");
  const parameters = values as TransportParameters;
  if (parameters.receiveWindowBytes < parameters.maxMessageBytes) reader.fail("out-of-range");
  return reader.error ?? parameters;
}
