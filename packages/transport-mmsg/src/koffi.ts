/**
 * The part of koffi that is used, as of {@link KOFFI_VERSION}. Written down here because koffi is an optional peer: its
 * own declarations must not be needed to use ours.
 */
export interface Koffi {
  readonly version: string;
  /** The libraries of this process for null. */
  load(path: null): KoffiLibrary;
  /** Zeroed memory of the C heap, as a pointer; it does not move and is never collected. */
  alloc(type: "uint8_t", length: number): bigint;
  free(pointer: bigint): void;
  /** Where the bytes of a pointer or of a typed array are. */
  address(value: bigint | Uint8Array): bigint;
  /** An ArrayBuffer over memory that it does not own. */
  view(pointer: bigint, length: number): ArrayBuffer;
  /** `errno` of this thread's last call. */
  errno(): number;
  readonly node: {
    poll(fd: number, events: PollEvents, onEvent: PollCallback): PollHandle;
  };
}

export interface KoffiLibrary {
  func(name: string, result: string, parameters: readonly string[]): (...values: (number | string)[]) => number;
}

export interface PollEvents {
  readonly readable: boolean;
  readonly writable: boolean;
}

/** `status` is 0, or a negative error of libuv; the handle has stopped then. */
export type PollCallback = (status: number, events: PollEvents) => void;

/** A poll handle of libuv. Documented by koffi's declarations alone: hence one version, and a check when loading. */
export interface PollHandle {
  start(events: PollEvents, onEvent: PollCallback): void;
  stop(): void;
  /** Stops it for good; the descriptor may be closed after it. */
  close(): void;
  unref(): void;
}

/** The one version that this was tested with. */
export const KOFFI_VERSION = "3.3.4";
