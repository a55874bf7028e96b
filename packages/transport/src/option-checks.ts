import type { SocketAddress } from "./address.js";
import type { Clock } from "./clock.js";
import { containRejection } from "./contain-rejection.js";
import type { DatagramBatch } from "./datagram-batch.js";
import { describeValue } from "./describe-value.js";
import type { DatagramTransport } from "./transport.js";

/** @internal The methods of every clock, for those who check what they are given. */
export const CLOCK_METHODS: readonly string[] = ["now", "setTimer", "clearTimer", "defer"] satisfies (keyof Clock)[];

/** @internal The methods of every transport, for those who check what they are given. */
export const TRANSPORT_METHODS: readonly string[] = [
  "open",
  "acquireBatch",
  "send",
  "close",
] satisfies (keyof DatagramTransport)[];

/** @internal Throws TypeError for a transport without counters: without this it would show long after, far from it. */
export function checkStatistics(transport: DatagramTransport): void {
  const statistics: unknown = transport.statistics;
  if (typeof statistics === "object" && statistics !== null) return;
  const got = statistics === undefined ? "an object without statistics" : `statistics: ${describeValue(statistics)}`;
  throw new TypeError(`"transport" expected a datagram transport, got ${got}`);
}

/** @internal Throws TypeError unless `address`, which `open` resolved with, says where others reach the transport. */
export function checkOpened(address: SocketAddress): void {
  const { host, port } = (address ?? {}) as { readonly [Part in keyof SocketAddress]?: unknown };
  if (typeof host === "string" && typeof port === "number") return;
  const got =
    typeof address === "object" && address !== null ? "an object without host and port" : describeValue(address);
  throw new TypeError(`"transport" expected open() to resolve with its local address, got ${got}`);
}

/**
 * @internal Throws TypeError unless `batch`, which `acquireBatch` gave, is one, and has room for datagrams of
 * `slotBytes` bytes: else it would fail far from here, in the middle of the core's work. One too small is given back.
 */
export function checkBatch(batch: unknown, slotBytes: number): void {
  const parts = (batch ?? {}) as { readonly [Part in keyof DatagramBatch]?: unknown };
  const methods = [parts.reserve, parts.commit, parts.release];
  if (!ArrayBuffer.isView(parts.buffer) || methods.some((method) => typeof method !== "function")) {
    containRejection(batch);
    const kind = describeValue(batch);
    const got = kind === "an object" ? "an object without buffer, reserve, commit and release" : kind;
    throw new TypeError(`"transport" expected acquireBatch() to give a batch or undefined, got ${got}`);
  }
  if (typeof parts.slotBytes === "number" && parts.slotBytes >= slotBytes) return;
  const got = describeValue(parts.slotBytes);
  (batch as DatagramBatch).release();
  throw new TypeError(`"transport" expected batches with room for ${slotBytes} bytes, got ${got}`);
}
