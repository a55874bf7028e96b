import { createDgramTransport } from "@sortie/transport-dgram";
import { type MmsgTransport, mmsgTransport, type MmsgTransportOptions } from "./create-mmsg-transport.js";
import { type NativeSockets, nativeSockets, type UnavailableCode } from "./native-sockets.js";

/** Options of {@link createFastTransport}. */
export interface FastTransportOptions extends MmsgTransportOptions {
  /** Hears once in the life of a thread why node:dgram is used instead. */
  readonly onFallback?: (message: string, code: UnavailableCode) => void;
}

let told = false;

/**
 * Makes the quickest UDP transport that this machine has: recvmmsg and sendmmsg on Linux where koffi is installed and
 * works, node:dgram everywhere else. Both take the same options. Throws RangeError where an option is wrong.
 */
export function createFastTransport(options: FastTransportOptions = {}): MmsgTransport {
  return fastTransport(options, nativeSockets());
}

/** The choice itself. */
export function fastTransport(options: FastTransportOptions, native: NativeSockets): MmsgTransport {
  if (native.sockets !== undefined) return mmsgTransport(native.sockets, options);
  if (!told && options.onFallback !== undefined) {
    told = true;
    options.onFallback(`UDP goes through node:dgram: ${native.reason}`, native.code);
  }
  return createDgramTransport(options);
}
