import { SocketAddress } from "@sortie/transport";

/** Two peers that share a slot get new objects in turn, as all would without this. */
const SLOTS = 4096;

/**
 * Where forwarded datagrams came from: one object for each address and local address that was asked there. A connection
 * tells by the object to which of the server's addresses its peer speaks, as transports have it.
 */
export class ForwardedSources {
  readonly #known: (SocketAddress | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);

  /**
   * `address` and `local` have 16 bytes, `local` none where it is not known. Throws RangeError for what is no address.
   */
  get(address: Uint8Array, port: number, local: Uint8Array): SocketAddress {
    const slot = slotOf(address, port, local);
    const known = this.#known[slot];
    if (known?.port === port && isSame(known.bytes, address) && isSame(known.arrivedAt?.bytes, local)) return known;
    const made = SocketAddress.fromBytes(address, port);
    if (local.length > 0) made.arrivedAt = SocketAddress.fromBytes(local, 0);
    this.#known[slot] = made;
    return made;
  }
}

function slotOf(address: Uint8Array, port: number, local: Uint8Array): number {
  let hash = port;
  for (let i = 0; i < address.length; i++) hash = Math.imul(hash ^ (address[i] as number), 0x01000193);
  for (let i = 0; i < local.length; i++) hash = Math.imul(hash ^ (local[i] as number), 0x01000193);
  return ((hash >>> 16) ^ hash) & (SLOTS - 1);
}

/** `known` is undefined where there is no local address, or none any more: a transport could not send from it. */
function isSame(known: Uint8Array | undefined, bytes: Uint8Array): boolean {
  if ((known?.length ?? 0) !== bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (known?.[i] !== bytes[i]) return false;
  return true;
}
