import type { TokenKeySet } from "@sortie/tokens";
import { readSmallFile } from "./small-file.js";

/** ms. A backend that does not answer in time: the player asks for another token. */
const FETCH_TIMEOUT_MS = 5_000;
/** bytes. A set of a few keys has one or two thousand. */
const MAX_KEY_SET_BYTES = 65_536;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Whether it is one of a URL's form; else it is a file. */
export function isUrl(source: string): boolean {
  return /^[a-z]+:\/\//i.test(source);
}

/**
 * Gets the backend's public keys (JWKS) from a file, or by HTTPS, or by HTTP from this machine: whoever could change
 * the keys on their way could let anybody in. Throws Error for another URL.
 */
export function tokenKeySource(source: string): () => Promise<TokenKeySet> {
  if (!isUrl(source)) {
    return async () => parse(await readSmallFile("the keys for tokens", source, MAX_KEY_SET_BYTES), source);
  }
  const url = URL.canParse(source) ? new URL(source) : undefined;
  const isPrivate = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (!isPrivate)
    throw new Error(`"--token-keys" expected a file, https://, or http:// to this machine, got ${source}`);
  return async () => {
    const response = await get(source);
    if (!response.ok) throw new Error(`${source} answered ${response.status}`);
    return parse(await response.text(), source);
  };
}

async function get(source: string): Promise<Response> {
  try {
    return await fetch(source, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS), redirect: "error" });
  } catch (error) {
    // "fetch failed" says nothing: the cause is the system's error.
    const { cause, message } = error as Error;
    const why = (cause as NodeJS.ErrnoException | undefined)?.code ?? (cause as Error | undefined)?.message ?? message;
    throw new Error(`${source} cannot be reached: ${why}`, { cause: error });
  }
}

function parse(text: string, source: string): TokenKeySet {
  if (text.length > MAX_KEY_SET_BYTES) throw new Error(`${source}: expected at most ${MAX_KEY_SET_BYTES} bytes`);
  try {
    return JSON.parse(text) as TokenKeySet;
  } catch (error) {
    throw new Error(`${source}: expected a key set (JWKS) in JSON`, { cause: error });
  }
}
