import {
  checkConnectPayload,
  type Client,
  CLIENT_OPTION_NAMES,
  type ClientOptions as CoreClientOptions,
  connect as connectCore,
  createClient as createCoreClient,
  type PolledClient,
} from "@sortie/client";
import { createCertificateVerifier } from "@sortie/certificates";
import { checkOptionNames, type OptionNames, payloadBytes } from "@sortie/connection";
import type { CertificateVerifier, CryptoProvider } from "@sortie/handshake";
import type { DatagramTransport } from "@sortie/transport";
import { isBytes, KEY_SHARE_BYTES } from "@sortie/wire";
import { createConsoleLogger } from "./console-logger.js";
import { CRYPTO_CHOICE_NAMES, type CryptoChoice, defaultCrypto, loadedCrypto } from "./default-crypto.js";
import { defaultTransport } from "./default-transport.js";
import { KEY_LOG_CHOICE_NAMES, type KeyLogChoice, keyLogOf } from "./key-log-file.js";
import { choiceOf, isVirtual } from "./virtual-crypto.js";

/** Trust in an authority, where no key is pinned. */
export interface AuthorityTrust {
  /** Certificates of the authorities, as PEM, one or more in each text. */
  readonly ca: string | readonly string[];
  /** Name or IP address that the server's certificate must be for. Default: `host`. */
  readonly hostname?: string | undefined;
}

const AUTHORITY_NAMES: OptionNames<AuthorityTrust> = { ca: true, hostname: true };

/**
 * Options of {@link connect} and {@link createClient}: those of a client, with Node's defaults. With a `clock` of
 * virtual time nothing is waited for that loads in real time, and node:crypto encrypts, unless `aead` or `crypto` says
 * otherwise.
 */
export interface ClientOptions
  extends Omit<CoreClientOptions, "transport" | "crypto" | "trust" | "keyLog">, CryptoChoice, KeyLogChoice {
  /** Default: UDP by what is quickest here, on a port that the system chooses: see `createUdpTransport`. */
  readonly transport?: DatagramTransport | undefined;
  /** Instead of `serverKey`: the server must show a certificate by one of these authorities. */
  readonly trust?: AuthorityTrust | CertificateVerifier | undefined;
}

/** The core client would name its own only, and none of the facade's. */
const OPTION_NAMES: OptionNames<ClientOptions> = {
  ...CLIENT_OPTION_NAMES,
  ...CRYPTO_CHOICE_NAMES,
  ...KEY_LOG_CHOICE_NAMES,
};

/**
 * Connects to a server; resolves when it has accepted. Rejects with ConnectError, whose `code` says why, and for bad
 * options with TypeError, RangeError, IdentityError or CertificateError.
 */
export async function connect(options: ClientOptions): Promise<Client> {
  checkOptionNames(options, OPTION_NAMES);
  const kept = withOwnBytes(options);
  const choice = choiceOf(kept);
  return connectCore(withDefaults(kept, isVirtual(kept.clock) ? defaultCrypto(choice) : await loadedCrypto(choice)));
}

/**
 * A client for a game loop that polls: `client.update(nowMs)` once a frame, then `client.receive()` until it gives
 * nothing. Throws TypeError, RangeError, IdentityError or, for a bad `trust.ca`, CertificateError for bad options.
 */
export function createClient(options: ClientOptions): PolledClient {
  checkOptionNames(options, OPTION_NAMES);
  return createCoreClient(withDefaults(options, defaultCrypto(choiceOf(options))));
}

/**
 * With copies of the caller's bytes: a token that is wiped after the call would go out as zeros once all is loaded.
 * Throws for a payload as the client would; a key that is none is left for it to refuse.
 */
function withOwnBytes(options: ClientOptions): ClientOptions {
  const { payload, serverKey } = options;
  const isKey = isBytes(serverKey) && serverKey.length === KEY_SHARE_BYTES;
  return {
    ...options,
    ...(isBytes(payload) ? { payload: checkConnectPayload(payloadBytes(payload)) } : {}),
    ...(isKey ? { serverKey: new Uint8Array(serverKey) } : {}),
  };
}

function withDefaults(options: ClientOptions, crypto: CryptoProvider): CoreClientOptions {
  // Null, as from a lookup that found nothing, is refused by the client itself.
  const transport = options.transport === undefined ? defaultTransport() : options.transport;
  return { ...withoutTransport(options, crypto), transport };
}

/** @internal The options of a core client, with a verifier made of an authority's certificates. */
export function withoutTransport(options: ClientOptions, crypto: CryptoProvider): Omit<CoreClientOptions, "transport"> {
  const { aead: _chosen, transport: _transport, keyLogFile: _file, keyLog: _function, trust, ...others } = options;
  const { logger = createConsoleLogger({ level: "error" }), ...rest } = others;
  const keyLog = keyLogOf(options);
  return {
    ...rest,
    logger,
    ...(keyLog === undefined ? {} : { keyLog }),
    ...(trust === undefined ? {} : { trust: verifierOf(trust, options.host) }),
    crypto,
  };
}

function verifierOf(trust: AuthorityTrust | CertificateVerifier, host: string): CertificateVerifier {
  if (typeof trust !== "object" || trust === null || !("ca" in trust)) return trust as CertificateVerifier;
  // A misspelt "hostname" would be passed over, and the certificate be asked for another name.
  checkOptionNames(trust, AUTHORITY_NAMES, "trust");
  // Null, as from a lookup that found nothing, is refused by the verifier.
  const { ca, hostname = host } = trust;
  return createCertificateVerifier({ ca, hostname });
}
