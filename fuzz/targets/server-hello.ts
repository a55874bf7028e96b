import { decodeServerHello, encodeUnsignedServerHello, signServerHello, unsignedPart } from "@sortie/wire";
import { checkCodec } from "../lib/guarded.js";
import { PACKET_WORDS, samplePackets } from "../lib/sample-packets.js";
import { check, equalBytes, type FuzzTarget } from "../lib/target.js";

/** SERVER_HELLO: decode and encode again; the signed part is all but the signature. */
export const serverHello: FuzzTarget = {
  name: "server-hello",
  maxBytes: 1300,
  dictionary: PACKET_WORDS,
  seeds: () => samplePackets().serverHellos,
  run(input) {
    checkCodec(input, decodeServerHello, (hello) => signServerHello(encodeUnsignedServerHello(hello), hello.signature));
    const hello = decodeServerHello(input);
    if (typeof hello === "string") return;
    const again = signServerHello(unsignedPart(input), hello.signature);
    check(equalBytes(again, input), "the unsigned part and the signature are not the packet");
  },
};
