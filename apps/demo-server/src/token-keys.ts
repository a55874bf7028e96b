import type { TokenKeySet } from "@sortie/tokens";
import { readSmallFile } from "./small-file.js";

/** ms. A backend that does not answer in time: the player asks for another token. */
const FETCH_TIMEOUT_MS = 5_000;
/** bytes. A set of a few keys has one or two thousand. */
const MAX_KEY_SET_BYTES = 65_536;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const EXPECTED = '"--token-keys" expected a file, https://, or http:// to this machine';

/** Where the backend's public keys (JWKS) come from. */
export interface TokenKeySource {
  /** For messages: a file's path, or a URL without its query, which may hold a secret. */
  readonly name: string;
  /** Else it is a file, which does not come by itself. */
  readonly isUrl: boolean;
  /** Rejects with Error that has the name. */
  readonly load: () => Promise<TokenKeySet>;
}

/**
 * A file, or a URL by HTTPS, or by HTTP from this machine: whoever could change the keys on their way could let anybody
 * in. Throws Error for another URL.
 * @param ended ends what is being fetched
 */
export function tokenKeySource(source: string, ended: AbortSignal): TokenKeySource {
  if (!/^[a-z]+:\/\//i.test(source)) {
    const load = async (): Promise<TokenKeySet> =>
      parse(await readSmallFile("the keys for tokens", source, MAX_KEY_SET_BYTES), source);
    return { name: source, isUrl: false, load };
  }
  if (!URL.canParse(source)) throw new Error(`${EXPECTED}, got a URL that cannot be read`);
  const { protocol, host, hostname, pathname, username, password } = new URL(source);
  const name = `${protocol}//${host}${pathname}`;
  const isPrivate = protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
  if (!isPrivate) throw new Error(`${EXPECTED}, got ${name}`);
  // Node fetches from no such URL.
  if (username !== "" || password !== "") {
    throw new Error(`"--token-keys" expected a URL without user name and password, got one with them: ${name}`);
  }
  const load = async (): Promise<TokenKeySet> => {
    const response = await get(source, name, ended);
    if (!response.ok) throw new Error(`${name} answered ${response.status}`);
    return parse(await response.text(), name);
  };
  return { name, isUrl: true, load };
}

async function get(url: string, name: string, ended: AbortSignal): Promise<Response> {
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(FETCH_TIMEOUT_MS), ended]);
    return await fetch(url, { signal, redirect: "error" });
  } catch (error) {
    // "fetch failed" says nothing: the cause is the system's error.
    const { cause, message } = error as Error;
    const why = (cause as NodeJS.ErrnoException | undefined)?.code ?? (cause as Error | undefined)?.message ?? message;
    throw new Error(`${name} cannot be reached: ${why}`, { cause: error });
  }
}

function parse(text: string, name: string): TokenKeySet {
  if (text.length > MAX_KEY_SET_BYTES) throw new Error(`${name}: expected at most ${MAX_KEY_SET_BYTES} bytes`);
  try {
    return JSON.parse(text) as TokenKeySet;
  } catch (error) {
    throw new Error(`${name}: expected a key set (JWKS) in JSON`, { cause: error });
  }
}
