import { readFile } from "node:fs/promises";
import type { TokenKeySet } from "@sortie/tokens";

/** ms. A backend that does not answer in time: the player asks for another token. */
const FETCH_TIMEOUT_MS = 5_000;
/** bytes. A set of a few keys has one or two thousand. */
const MAX_KEY_SET_BYTES = 65_536;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Gets the backend's public keys (JWKS) from a file, or by HTTPS, or by HTTP from this machine: whoever could change
 * the keys on their way could let anybody in. Throws Error for another URL.
 */
export function tokenKeySource(source: string): () => Promise<TokenKeySet> {
  if (!/^[a-z]+:\/\//i.test(source)) return async () => parse(await readFile(source, "utf8"), source);
  const { protocol, hostname } = new URL(source);
  if (protocol !== "https:" && !(protocol === "http:" && LOOPBACK.test(hostname))) {
    throw new Error(`"--token-keys" expected a file, https://, or http:// to this machine, got ${source}`);
  }
  return async () => {
    const response = await fetch(source, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: "error" });
    if (!response.ok) throw new Error(`${source} answered ${response.status}`);
    return parse(await response.text(), source);
  };
}

function parse(text: string, source: string): TokenKeySet {
  if (text.length > MAX_KEY_SET_BYTES) throw new Error(`${source}: expected at most ${MAX_KEY_SET_BYTES} bytes`);
  try {
    return JSON.parse(text) as TokenKeySet;
  } catch (error) {
    throw new Error(`${source}: expected a key set (JWKS) in JSON`, { cause: error });
  }
}
