import { containRejection } from "@sortie/handshake";
import { encodeUtf8, isBytes } from "@sortie/wire";
import { describeKind } from "./describe-value.js";

/**
 * The bytes of what an application sends: strings become UTF-8. Throws TypeError for anything else, and for bytes whose
 * memory has gone.
 */
export function payloadBytes(payload: Uint8Array | string): Uint8Array {
  if (isBytes(payload)) {
    if (payload.length === 0) expectMemory(payload);
    return payload;
  }
  if (typeof payload === "string") return encodeUtf8(payload);
  containRejection(payload);
  throw new TypeError(`"payload" expected a Uint8Array or a string, got ${describeKind(payload)}`);
}

/** Bytes whose buffer went to a worker, or shrank, are as long as none: an empty message would be sent instead. */
function expectMemory(payload: Uint8Array): void {
  try {
    void new Uint8Array(payload);
  } catch {
    throw new TypeError('"payload" expected a Uint8Array, got one whose buffer was transferred or shrunk');
  }
}

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
