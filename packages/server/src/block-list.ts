import { CidrSet, type SocketAddress } from "@sortie/transport";

/** Addresses and ranges whose datagrams are dropped before anything else is done with them. */
export class BlockList {
  private readonly set: CidrSet = new CidrSet();

  /** @param entries the option `blocked`; RangeError, which names it, where one is no IP address or CIDR range */
  constructor(entries: readonly string[] = []) {
    try {
      for (const entry of entries) this.set.add(entry);
    } catch (error) {
      // The set names what it was given; whoever made the server knows the option alone.
      throw new RangeError((error as Error).message.replace(/^"\w+"/, '"blocked"'));
    }
  }

  /** Throws RangeError for what is neither an IP address nor a CIDR range. */
  add(ipOrCidr: string): void {
    this.set.add(ipOrCidr);
  }

  /** True when it was there. */
  delete(ipOrCidr: string): boolean {
    return this.set.delete(ipOrCidr);
  }

  has(address: SocketAddress): boolean {
    return this.set.size > 0 && this.set.has(address);
  }

  /** Entries, one for each address or range in whatever spelling: 0..65536. Counted as they come and go. */
  get size(): number {
    return this.set.size;
  }

  /** In the order of the addresses, at most `limit` of them. Throws RangeError for a bad limit. */
  entries(limit?: number): string[] {
    return this.set.entries(limit);
  }
}
