import { fingerprint, type Identity, publicKeyToPem } from "@sortie/handshake";
import { generateIdentity } from "@sortie/handshake/node";
import {
  type PeerDataOptions,
  Server,
  type ServerBaseOptions as CoreServerBaseOptions,
  type ServerOptions as CoreServerOptions,
} from "@sortie/server";
import type { DgramTransportOptions } from "@sortie/transport-dgram";
import { createConsoleLogger } from "./console-logger.js";
import { type CryptoChoice, defaultCrypto } from "./default-crypto.js";
import { defaultTransport } from "./default-transport.js";
import { type KeyLogChoice, keyLogOf } from "./key-log-file.js";

/** What the transport decides, where one is given. */
const TRANSPORT_OPTIONS = ["host", "port", "reusePort", "receiveBufferBytes", "sendBufferBytes"] as const;

/** The port of the examples: 1474, as mpgameserver has it. */
const DEFAULT_PORT = 1474;

/** Options of {@link createServer}, whatever its peers' data. */
export interface ServerBaseOptions
  extends
    Omit<CoreServerBaseOptions, "identity" | "transport" | "crypto" | "keyLog">,
    Partial<Pick<CoreServerBaseOptions, "identity" | "transport">>,
    CryptoChoice,
    KeyLogChoice,
    Pick<DgramTransportOptions, "receiveBufferBytes" | "sendBufferBytes" | "reusePort"> {
  /** Local address; "::" is IPv6 and IPv4 together. Default "::". Not together with `transport`, which decides it. */
  readonly host?: string;
  /** 0..65535; 0 lets the system choose. Default 1474. Not together with `transport`. */
  readonly port?: number;
}

/** Options of {@link createServer}: those of a server, with Node's defaults for key, cryptography and socket. */
export type ServerOptions<Data = unknown> = ServerBaseOptions & PeerDataOptions<Data>;

/**
 * A server on UDP, with keys of node:crypto and packets encrypted by what is quickest here. Without an identity it
 * makes a throw-away one and warns: clients cannot know such a server again. Throws TypeError or RangeError for an
 * option that is missing or out of range, or that a given `transport` decides, and names it; Error when the library
 * that `aead` names cannot be loaded.
 */
export function createServer<Data = unknown>(options: ServerOptions<Data>): Server<Data> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  const given: ServerOptions<Data> = options;
  checkTransportOptions(given);
  const { host, port = DEFAULT_PORT, receiveBufferBytes, sendBufferBytes, reusePort, ...others } = given;
  const { aead: _chosen, keyLogFile: _file, keyLog: _function, ...rest } = others;
  const keyLog = keyLogOf(options);
  const crypto = defaultCrypto(options);
  const transport =
    given.transport === undefined
      ? defaultTransport({
          port,
          ...(host === undefined ? {} : { host }),
          ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
          ...(sendBufferBytes === undefined ? {} : { sendBufferBytes }),
          ...(reusePort === undefined ? {} : { reusePort }),
        })
      : given.transport;
  // Left out alone asks for one: null is a mistake, and a key that nobody can pin must never be made unseen.
  const identity = given.identity === undefined ? throwAwayIdentity() : given.identity;
  const core: CoreServerOptions<Data> = {
    logger: createConsoleLogger({ level: "error" }),
    ...rest,
    ...(keyLog === undefined ? {} : { keyLog }),
    crypto,
    transport,
    identity,
  };
  const server = new Server<Data>(core);
  if (options.identity === undefined) warnOfThrowAway(fingerprint(crypto, identity.publicKey), identity);
  return server;
}

/** Throws TypeError: an address that is passed over would let the server listen where nobody asked for it. */
function checkTransportOptions(options: ServerOptions): void {
  if (options.transport === undefined || options.transport === null) return;
  for (const name of TRANSPORT_OPTIONS) {
    if (options[name] === undefined) continue;
    throw new TypeError(`"${name}" expected to be left out beside "transport", which decides it; got both`);
  }
}

function throwAwayIdentity(): Identity {
  return generateIdentity();
}

function warnOfThrowAway(name: string, identity: Identity): void {
  process.emitWarning(
    `no "identity" was given: the server uses a throw-away key (${name}), and after a restart clients that pinned it ` +
      `will refuse the new one. Make a key with "npx sortie keygen" and load it with loadIdentity().`,
    { code: "SORTIE_THROW_AWAY_KEY", detail: publicKeyToPem(identity.publicKey) },
  );
}
