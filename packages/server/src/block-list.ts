import { CidrSet, type SocketAddress } from "@sortie/transport";

/** Addresses and ranges whose datagrams are dropped before anything else is done with them. */
export class BlockList {
  private readonly set: CidrSet = new CidrSet();

  /** Throws RangeError for what is neither an IP address nor a CIDR range. */
  constructor(entries: readonly string[] = []) {
    for (const entry of entries) this.set.add(entry);
  }

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

  entries(): string[] {
    return this.set.entries();
  }
}
