import { encodeUtf8 } from "@sortie/wire";

/** The bytes of what an application sends: strings become UTF-8. Throws TypeError for anything else. */
export function payloadBytes(payload: Uint8Array | string): Uint8Array {
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload === "string") return encodeUtf8(payload);
  const got = payload === null ? "null" : typeof payload;
  throw new TypeError(`"payload" expected a Uint8Array or a string, got ${got}`);
}

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
