import { decodeClientHello, decodeClientHelloInvariants, encodeClientHello } from "@sortie/wire";
import { checkCodec } from "../lib/guarded.js";
import { PACKET_WORDS, samplePackets } from "../lib/sample-packets.js";
import { check, equalBytes, type FuzzTarget } from "../lib/target.js";

/** CLIENT_HELLO: decode and encode again; what a server of another version reads of it says the same. */
export const clientHello: FuzzTarget = {
  name: "client-hello",
  maxBytes: 1300,
  dictionary: PACKET_WORDS,
  seeds: () => samplePackets().clientHellos,
  run(input) {
    checkCodec(input, decodeClientHello, encodeClientHello);
    const invariants = decodeClientHelloInvariants(input);
    const hello = decodeClientHello(input);
    if (typeof hello === "string") return;
    check(typeof invariants !== "string", "a hello decodes, but not its invariants");
    check(invariants.clientConnectionId === hello.clientConnectionId, "the connection IDs differ");
    check(equalBytes(invariants.clientRandom, hello.clientRandom), "the randoms differ");
    check(equalBytes(invariants.protocolId, hello.protocolId), "the protocol IDs differ");
  },
};
