/** Where a server listens. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}
