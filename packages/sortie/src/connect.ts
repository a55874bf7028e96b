import {
  type Client,
  type ClientOptions as CoreClientOptions,
  connect as connectCore,
  createClient as createCoreClient,
  type PolledClient,
} from "@sortie/client";
import { createCertificateVerifier } from "@sortie/certificates";
import { checkOptionNames, type OptionNames } from "@sortie/connection";
import type { CertificateVerifier, CryptoProvider } from "@sortie/handshake";
import { createConsoleLogger } from "./console-logger.js";
import { type CryptoChoice, defaultCrypto, loadedCrypto } from "./default-crypto.js";
import { defaultTransport } from "./default-transport.js";
import { type KeyLogChoice, keyLogOf } from "./key-log-file.js";

/** Trust in an authority, where no key is pinned. */
export interface AuthorityTrust {
  /** Certificates of the authorities, as PEM, one or more in each text. */
  readonly ca: string | readonly string[];
  /** Name or IP address that the server's certificate must be for. Default: `host`. */
  readonly hostname?: string;
}

const AUTHORITY_NAMES: OptionNames<AuthorityTrust> = { ca: true, hostname: true };

/** Options of {@link connect} and {@link createClient}: those of a client, with Node's defaults. */
export interface ClientOptions
  extends
    Omit<CoreClientOptions, "transport" | "crypto" | "trust" | "keyLog">,
    Partial<Pick<CoreClientOptions, "transport">>,
    CryptoChoice,
    KeyLogChoice {
  /** Instead of `serverKey`: the server must show a certificate by one of these authorities. */
  readonly trust?: AuthorityTrust | CertificateVerifier;
}

/**
 * Connects to a server; resolves when it has accepted. Rejects with ConnectError, whose `code` says why, and for bad
 * options with TypeError, RangeError, IdentityError or CertificateError.
 */
export async function connect(options: ClientOptions): Promise<Client> {
  checkObject(options);
  return connectCore(withDefaults(options, await loadedCrypto(options)));
}

/**
 * A client for a game loop that polls: `client.update(nowMs)` once a frame, then `client.receive()` until it gives
 * nothing. Throws TypeError, RangeError or IdentityError for bad options.
 */
export function createClient(options: ClientOptions): PolledClient {
  checkObject(options);
  return createCoreClient(withDefaults(options, defaultCrypto(options)));
}

function checkObject(options: ClientOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
}

function withDefaults(options: ClientOptions, crypto: CryptoProvider): CoreClientOptions {
  // Null, as from a lookup that found nothing, is refused by the client itself.
  const transport = options.transport === undefined ? defaultTransport() : options.transport;
  return { ...withoutTransport(options, crypto), transport };
}

/** @internal The options of a core client, with a verifier made of an authority's certificates. */
export function withoutTransport(options: ClientOptions, crypto: CryptoProvider): Omit<CoreClientOptions, "transport"> {
  const { aead: _chosen, transport: _transport, keyLogFile: _file, keyLog: _function, trust, ...rest } = options;
  const keyLog = keyLogOf(options);
  return {
    logger: createConsoleLogger({ level: "error" }),
    ...rest,
    ...(keyLog === undefined ? {} : { keyLog }),
    ...(trust === undefined ? {} : { trust: verifierOf(trust, options.host) }),
    crypto,
  };
}

function verifierOf(trust: AuthorityTrust | CertificateVerifier, host: string): CertificateVerifier {
  if (typeof trust !== "object" || trust === null || !("ca" in trust)) return trust as CertificateVerifier;
  // A misspelt "hostname" would be passed over, and the certificate be asked for another name.
  checkOptionNames(trust, AUTHORITY_NAMES, "trust");
  return createCertificateVerifier({ ca: trust.ca, hostname: trust.hostname ?? host });
}
