/** An address of a connection pair's network. */
export class PairAddress {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  equals(other: PairAddress): boolean {
    return other.name === this.name;
  }
}
