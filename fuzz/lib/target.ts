/** Something that takes bytes and must keep its promises whatever they are. */
export interface FuzzTarget {
  /** Of the file, the corpus folder and the findings. */
  readonly name: string;
  /** bytes. Longer inputs are cut. */
  readonly maxBytes: number;
  /** Byte strings that mean something to the target. */
  readonly dictionary?: readonly Uint8Array[];
  /** Inputs to start from beside the corpus. */
  readonly seeds?: () => readonly Uint8Array[];
  /** Fresh inputs in the ordinary test run. Default 3000: for what takes microseconds. */
  readonly freshRuns?: number;
  /** Throws when a property does not hold. The input is not to be changed. */
  run(input: Uint8Array): void | Promise<void>;
}

/** A property: throws an Error with the text when it does not hold. */
export function check(holds: boolean, text: string): asserts holds {
  if (!holds) throw new Error(text);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** Bytes of hexadecimal text; white space may part it. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}
