import { ByteWriter, decodeRetry, encodeRetry, RETRY_BYTES } from "@sortie/wire";
import { checkCodec } from "../lib/guarded.js";
import { PACKET_WORDS, samplePackets } from "../lib/sample-packets.js";
import type { FuzzTarget } from "../lib/target.js";

/** RETRY: decode and encode again. */
export const retry: FuzzTarget = {
  name: "retry",
  maxBytes: 64,
  dictionary: PACKET_WORDS,
  seeds: () => samplePackets().retries,
  run(input) {
    checkCodec(input, decodeRetry, (packet) => {
      const writer = new ByteWriter().reset(new Uint8Array(RETRY_BYTES));
      encodeRetry(writer, packet);
      return writer.bytes;
    });
  },
};
