import { isMainThread } from "node:worker_threads";
import { checkOptionNames, describeValue } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { checkBooleans, UDP_OPTION_NAMES } from "@sortie/transport-dgram/udp";
import { type MmsgTransport, mmsgTransport, type MmsgTransportOptions } from "./create-mmsg-transport.js";
import { type NativeSockets, nativeSockets, type UnavailableCode } from "./native-sockets.js";

/** Options of {@link createFastTransport}. */
export interface FastTransportOptions extends MmsgTransportOptions {
  /** Hears why node:dgram is used instead; each function once, however many transports it is given to. */
  readonly onFallback?: ((message: string, code: UnavailableCode) => void) | undefined;
}

const OPTION_NAMES: Readonly<Record<keyof FastTransportOptions, true>> = {
  ...UDP_OPTION_NAMES,
  segmentation: true,
  onFallback: true,
};

/** Listeners that have heard it. */
const told = new WeakSet<object>();

/** `terminate` gives a thread no chance to close its poll handles; see FdPoll for what becomes of them. */
const IN_A_WORKER: NativeSockets = {
  sockets: undefined,
  code: "worker",
  reason: "in a worker thread it takes createMmsgTransport, because terminate() with it open ends the process",
};

/**
 * Makes the quickest UDP transport that this machine has: recvmmsg and sendmmsg on Linux where koffi is installed and
 * works, node:dgram everywhere else and in worker threads. Both take the same options. Throws RangeError where an
 * option is out of range, TypeError for one that there is not, or of a wrong type.
 */
export function createFastTransport(options: FastTransportOptions = {}): MmsgTransport {
  return fastTransport(options, isMainThread ? nativeSockets() : IN_A_WORKER);
}

/** The choice itself. */
export function fastTransport(options: FastTransportOptions, native: NativeSockets): MmsgTransport {
  checkOptionNames(options, OPTION_NAMES);
  const { onFallback, ...socket } = options;
  if (onFallback !== undefined && typeof onFallback !== "function") {
    throw new TypeError(`"onFallback" expected a function, got ${describeValue(onFallback)}`);
  }
  if (native.sockets !== undefined) return mmsgTransport(native.sockets, socket);
  const { segmentation = true, ...rest } = socket;
  checkBooleans({ segmentation });
  if (onFallback !== undefined && !told.has(onFallback)) {
    told.add(onFallback);
    onFallback(`UDP goes through node:dgram: ${native.reason}`, native.code);
  }
  return createDgramTransport(rest);
}
