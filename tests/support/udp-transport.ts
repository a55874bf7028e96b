import { createDgramTransport, type DgramTransport, type DgramTransportOptions } from "@sortie/transport-dgram";
import { createMmsgTransport } from "@sortie/transport-mmsg";

/**
 * A UDP transport for a test that needs one of its own: node:dgram, or what SORTIE_TRANSPORT names, as for servers and
 * clients without a transport. `SORTIE_TRANSPORT=mmsg npm test -- tests/threats` runs the suite over the batched one.
 */
export function createUdpTransport(options: DgramTransportOptions): DgramTransport {
  return process.env["SORTIE_TRANSPORT"] === "mmsg" ? createMmsgTransport(options) : createDgramTransport(options);
}
