import { isMainThread } from "node:worker_threads";
import { createDgramTransport } from "@sortie/transport-dgram";
import { type MmsgTransport, mmsgTransport, type MmsgTransportOptions } from "./create-mmsg-transport.js";
import { type NativeSockets, nativeSockets, type UnavailableCode } from "./native-sockets.js";

/** Options of {@link createFastTransport}. */
export interface FastTransportOptions extends MmsgTransportOptions {
  /** Hears once in the life of a thread why node:dgram is used instead. */
  readonly onFallback?: (message: string, code: UnavailableCode) => void;
}

let told = false;

/** `terminate` gives a thread no chance to close its poll handles; see FdPoll for what becomes of them. */
const IN_A_WORKER: NativeSockets = {
  sockets: undefined,
  code: "worker",
  reason: "in a worker thread it takes createMmsgTransport, because terminate() with it open ends the process",
};

/**
 * Makes the quickest UDP transport that this machine has: recvmmsg and sendmmsg on Linux where koffi is installed and
 * works, node:dgram everywhere else and in worker threads. Both take the same options. Throws RangeError where an option is wrong.
 */
export function createFastTransport(options: FastTransportOptions = {}): MmsgTransport {
  return fastTransport(options, isMainThread ? nativeSockets() : IN_A_WORKER);
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
