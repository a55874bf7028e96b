/** Words before the bytes of the input: executions, length of the input under way or -1. */
const EXECUTIONS = 0;
const LENGTH = 1;
const HEADER_BYTES = 8;

/** Shared with the thread that watches, so that the input is known even when an execution never ends. */
export class Heartbeat {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory, 0, 2);
    this.bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  begin(input: Uint8Array): void {
    this.bytes.set(input.length > this.bytes.length ? input.subarray(0, this.bytes.length) : input);
    this.words[LENGTH] = Math.min(input.length, this.bytes.length);
    this.words[EXECUTIONS] = ((this.words[EXECUTIONS] as number) + 1) | 0;
  }

  end(): void {
    this.words[LENGTH] = -1;
  }
}
