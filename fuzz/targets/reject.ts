import { ByteWriter, decodeReject, encodeReject, REJECT_BYTES } from "@sortie/wire";
import { checkCodec } from "../lib/guarded.js";
import { PACKET_WORDS, samplePackets } from "../lib/sample-packets.js";
import type { FuzzTarget } from "../lib/target.js";

/** Where the version stands in every handshake packet. */
const VERSION_AT = 4;

/** REJECT, of any version: decode and encode again. */
export const reject: FuzzTarget = {
  name: "reject",
  maxBytes: 64,
  dictionary: PACKET_WORDS,
  seeds: () => samplePackets().rejects,
  run(input) {
    checkCodec(input, decodeReject, (packet) => {
      const writer = new ByteWriter().reset(new Uint8Array(REJECT_BYTES));
      encodeReject(writer, packet);
      // The encoder writes its own version; a server of another one sends that.
      writer.bytes[VERSION_AT] = packet.version ?? 0;
      return writer.bytes;
    });
  },
};
