/**
 * The part of koffi that is used. Written down here because koffi is an optional peer: its own declarations must not be
 * needed to use ours.
 */
export interface Koffi {
  /** The libraries of this process for null. */
  load(path: null): KoffiLibrary;
  /** Zeroed memory of the C heap, as a pointer; it does not move and is never collected. */
  alloc(type: "uint8_t", length: number): bigint;
  address(pointer: bigint): bigint;
  /** An ArrayBuffer over memory that it does not own. */
  view(pointer: bigint, length: number): ArrayBuffer;
}

export interface KoffiLibrary {
  /** A function of C; throws where the library has none of this name. Pointers go as numbers. */
  func(name: string, result: string, parameters: readonly string[]): (...values: number[]) => number;
}
