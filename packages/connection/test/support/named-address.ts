import type { PeerAddress } from "../../src/peer-address.js";

export class NamedAddress implements PeerAddress {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  equals(other: NamedAddress): boolean {
    return other.name === this.name;
  }
}
