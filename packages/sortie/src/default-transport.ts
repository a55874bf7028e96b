import { debuglog } from "node:util";
import { checkOptionNames } from "@sortie/connection";
import type { DatagramTransport } from "@sortie/transport";
import { createDgramTransport, type DgramTransportOptions } from "@sortie/transport-dgram";
import { UDP_OPTION_NAMES } from "@sortie/transport-dgram/udp";
import { createFastTransport, createMmsgTransport, type UnavailableCode } from "@sortie/transport-mmsg";

/** What is expected on a machine where nobody asked for more; every other reason is worth a warning. */
const EXPECTED: ReadonlySet<UnavailableCode> = new Set(["not-installed", "platform", "worker"]);

const debug = debuglog("sortie");

/** The transports to choose from. */
export const MAKERS: {
  readonly fast: typeof createFastTransport;
  readonly mmsg: typeof createMmsgTransport;
  readonly dgram: typeof createDgramTransport;
} = { fast: createFastTransport, mmsg: createMmsgTransport, dgram: createDgramTransport };

/**
 * The transport of a server or client that was given none: the quickest that works here. The environment variable
 * SORTIE_TRANSPORT can name "dgram" or "mmsg" instead. Throws RangeError for another name or a wrong option, TypeError
 * for an option that there is not, and TransportError "unsupported" where "mmsg" cannot be had.
 */
export function defaultTransport(
  options: DgramTransportOptions = {},
  name: string | undefined = process.env["SORTIE_TRANSPORT"],
  makers: typeof MAKERS = MAKERS,
): DatagramTransport {
  // Here too, as one transport has options that another has not: a program must work with each.
  checkOptionNames(options, UDP_OPTION_NAMES);
  switch (name) {
    case undefined:
    case "":
      return makers.fast({ ...options, onFallback: tellFallback });
    case "mmsg":
      return makers.mmsg(options);
    case "dgram":
      return makers.dgram(options);
    default:
      throw new RangeError(`"SORTIE_TRANSPORT" expected "dgram" or "mmsg", got ${JSON.stringify(name)}`);
  }
}

/**
 * The transport that `createServer` and `connect` take where they are given none, for those who wrap it: batched where
 * koffi is installed, else node:dgram; SORTIE_TRANSPORT decides. Throws RangeError for a wrong option or name,
 * TypeError for an option that there is not.
 */
export function createUdpTransport(options: DgramTransportOptions = {}): DatagramTransport {
  return defaultTransport(options);
}

/** A warning where koffi is installed and does not do; else a line for those who look (NODE_DEBUG=sortie). */
export function tellFallback(message: string, code: UnavailableCode): void {
  if (EXPECTED.has(code)) debug(message);
  else process.emitWarning(message, { code: "SORTIE_NO_BATCHED_TRANSPORT" });
}
