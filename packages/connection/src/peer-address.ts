/**
 * What a connection must know of an address: whether it is the same, and whether it is on the same host. Transports'
 * address types fit as they are.
 */
export interface PeerAddress {
  equals(other: PeerAddress): boolean;
  /** IP address without port; undefined where addresses have no such parts. */
  readonly host?: string;
}

/** Whether two addresses differ in their port at the most. */
export function isSameHost(one: PeerAddress, other: PeerAddress): boolean {
  return one.host !== undefined && one.host === other.host;
}
