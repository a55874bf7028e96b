import { CidrSet, type SocketAddress } from "@sortie/transport";

/** Addresses and ranges whose datagrams are dropped before anything else is done with them. */
export class BlockList {
  private readonly set: CidrSet = new CidrSet();

  /** @param entries the option `blocked`; RangeError, which names it, where one is no IP address or CIDR range */
  constructor(entries: readonly string[] = []) {
    for (const entry of entries) named("blocked", () => this.set.add(entry));
  }

  /** Throws RangeError for what is neither an IP address nor a CIDR range. */
  add(ipOrCidr: string): void {
    named("ipOrCidr", () => this.set.add(ipOrCidr));
  }

  /** All of them, or none where one throws as with `add`. */
  addAll(entries: readonly string[]): void {
    const added: string[] = [];
    try {
      for (const entry of entries) {
        const { size } = this.set;
        this.add(entry);
        if (this.set.size > size) added.push(entry);
      }
    } catch (error) {
      for (const entry of added) this.set.delete(entry);
      throw error;
    }
  }

  /** True when exactly this address or range was there, in any spelling. Throws as `add`. */
  delete(ipOrCidr: string): boolean {
    return named("ipOrCidr", () => this.set.delete(ipOrCidr));
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

/** The set names what it was given in its own words; whoever has a server knows the option or the parameter alone. */
function named<Result>(label: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const { message } = error as Error;
    throw new RangeError(message.replace(/^"range"/, `"${label}"`).replace(/^"size"/, '"blocked"'));
  }
}
