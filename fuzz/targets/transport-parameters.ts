import {
  ByteReader,
  decodeTransportParameters,
  encodeTransportParameters,
  type TransportParameters,
} from "@sortie/wire";
import { PACKET_WORDS, SAMPLE_PARAMETERS } from "../lib/sample-packets.js";
import { checkCodec } from "../lib/guarded.js";
import { check, type FuzzTarget } from "../lib/target.js";

/** Parameters with IDs up to this are known and must come back. */
const HIGHEST_KNOWN_ID = 6;

/** Transport parameters: what decodes is in range and encodes to the same bytes, unknown parameters aside. */
export const transportParameters: FuzzTarget = {
  name: "transport-parameters",
  maxBytes: 128,
  dictionary: PACKET_WORDS,
  seeds: () => SAMPLE_PARAMETERS.map(encodeTransportParameters),
  run(input) {
    const known = knownPart(input);
    checkCodec(input, decodeTransportParameters, (parameters: TransportParameters) => {
      const again = encodeTransportParameters(parameters);
      if (known.length === input.length) return again;
      check(again.length === known.length && again.every((byte, i) => byte === known[i]), "known parameters differ");
      return input;
    });
  },
};

/** The entries whose IDs are known, of a list that may be anything. */
function knownPart(input: Uint8Array): Uint8Array {
  const reader = new ByteReader().reset(input);
  const kept: number[] = [];
  while (reader.remaining > 0 && reader.error === undefined) {
    const from = reader.offset;
    const id = reader.varint();
    reader.skip(reader.varint());
    if (id >= 1 && id <= HIGHEST_KNOWN_ID) kept.push(...input.subarray(from, reader.offset));
  }
  return Uint8Array.from(kept);
}
