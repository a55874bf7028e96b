import type { KeyLog } from "@sortie/handshake";
import { callContained } from "./call-contained.js";

/**
 * The option `keyLog`, where there is one, so that what it throws or rejects with goes to `onError`: keys that are not
 * logged must not end a handshake.
 */
export function containedKeyLog(
  keyLog: KeyLog | undefined,
  onError: (error: unknown) => void,
): { readonly keyLog?: KeyLog } {
  if (keyLog === undefined) return {};
  return { keyLog: (line) => void callContained(() => keyLog(line), onError) };
}
