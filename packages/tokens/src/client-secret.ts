/** What of Web Crypto is used: every browser, Node, Bun and Deno have it. */
interface HostCrypto {
  getRandomValues(bytes: Uint8Array): Uint8Array;
  readonly subtle: { digest(algorithm: "SHA-256", bytes: Uint8Array): Promise<ArrayBuffer> };
}

const host = globalThis as unknown as { readonly crypto: HostCrypto };

const SECRET_BYTES = 32;

/** A client's half of a bound token. */
export interface ClientSecret {
  /** For the backend, which puts it into the token: 43 characters. It tells nothing about the secret. */
  readonly challenge: string;
  /** What to give to `connect` as payload: token and secret, for the server alone. TypeError for what is no token. */
  payloadFor(token: string): string;
}

/**
 * A secret of this client for one token, as in RFC 7636 section 4: the backend binds the token to its hash, the game
 * server asks for the secret itself. Whoever finds the token in a log or on its way from the backend cannot use it.
 */
export async function createClientSecret(): Promise<ClientSecret> {
  const secret = base64url(host.crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
  const digest = await host.crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return { challenge: base64url(new Uint8Array(digest)), payloadFor: (token) => `${checkToken(token)}~${secret}` };
}

/** A backend that failed gives none; never shown, as it may be a token after all. */
function checkToken(token: unknown): string {
  if (typeof token === "string" && token !== "") return token;
  const got = token === "" ? "an empty one" : token === null ? "null" : typeof token;
  throw new TypeError(`"token" expected a string, got ${got}`);
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** RFC 4648 section 5, without padding. */
function base64url(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET.charAt((held >> bits) & 63);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((held << (6 - bits)) & 63) : text;
}
