import { checkOptionNames, type OptionNames } from "@sortie/connection";
import { fingerprint, type Identity, publicKeyToPem } from "@sortie/handshake";
import { generateIdentity } from "@sortie/handshake/node";
import {
  type PeerDataOptions,
  Server,
  SERVER_OPTION_NAMES,
  type ServerBaseOptions as CoreServerBaseOptions,
  type ServerOptions as CoreServerOptions,
} from "@sortie/server";
import type { DatagramTransport } from "@sortie/transport";
import type { DgramTransportOptions } from "@sortie/transport-dgram";
import { createConsoleLogger } from "./console-logger.js";
import { CRYPTO_CHOICE_NAMES, type CryptoChoice, defaultCrypto } from "./default-crypto.js";
import { defaultTransport } from "./default-transport.js";
import { KEY_LOG_CHOICE_NAMES, type KeyLogChoice, keyLogOf } from "./key-log-file.js";
import { choiceOf } from "./virtual-crypto.js";

type SocketOption = "host" | "port" | "reusePort" | "receiveBufferBytes" | "sendBufferBytes";

/** What the transport decides, where one is given. */
const SOCKET_OPTION_NAMES: OptionNames<Record<SocketOption, unknown>> = {
  host: true,
  port: true,
  reusePort: true,
  receiveBufferBytes: true,
  sendBufferBytes: true,
};

/** The port of the examples: 1474, as mpgameserver has it. */
const DEFAULT_PORT = 1474;

/** Options of {@link createServer}, whatever its peers' data. */
export interface ServerBaseOptions
  extends
    Omit<CoreServerBaseOptions, "identity" | "transport" | "crypto" | "keyLog">,
    CryptoChoice,
    KeyLogChoice,
    Pick<DgramTransportOptions, "receiveBufferBytes" | "sendBufferBytes" | "reusePort"> {
  /** Who the server is, for its clients: from `loadIdentity`. Default: a throw-away key, with a warning. */
  readonly identity?: Identity | undefined;
  /** Default: UDP by what is quickest here, see `createUdpTransport`. */
  readonly transport?: DatagramTransport | undefined;
  /** Local address; "::" is IPv6 and IPv4 together. Default "::". Not together with `transport`, which decides it. */
  readonly host?: string | undefined;
  /** 0..65535; 0 lets the system choose. Default 1474. Not together with `transport`. */
  readonly port?: number | undefined;
}

/** Options of {@link createServer}: those of a server, with Node's defaults for key, cryptography and socket. */
export type ServerOptions<Data = unknown> = ServerBaseOptions & PeerDataOptions<Data>;

/** The core server would name its own only, and none of the facade's. */
const OPTION_NAMES: OptionNames<ServerOptions> = {
  ...SERVER_OPTION_NAMES,
  ...SOCKET_OPTION_NAMES,
  ...CRYPTO_CHOICE_NAMES,
  ...KEY_LOG_CHOICE_NAMES,
};

/**
 * A server on UDP, with keys of node:crypto and packets encrypted by what is quickest here; with a `clock` of virtual
 * time by node:crypto, so that a run does not depend on what has loaded. Without an identity it makes a throw-away one
 * and warns: clients cannot know such a server again. Throws TypeError or RangeError for an option that is missing or
 * out of range, or that a given `transport` decides, and names it; Error when the library that `aead` names cannot be
 * loaded.
 */
export function createServer<Data = unknown>(options: ServerOptions<Data>): Server<Data> {
  checkOptionNames(options, OPTION_NAMES);
  const given: ServerOptions<Data> = options;
  checkTransportOptions(given);
  const { host, port = DEFAULT_PORT, receiveBufferBytes, sendBufferBytes, reusePort, ...others } = given;
  const { aead: _chosen, keyLogFile: _file, keyLog: _function, ...named } = others;
  const { logger = createConsoleLogger({ level: "error" }), ...rest } = named;
  const keyLog = keyLogOf(options);
  const crypto = defaultCrypto(choiceOf(options));
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
    ...rest,
    logger,
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
  for (const name of Object.keys(SOCKET_OPTION_NAMES) as SocketOption[]) {
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
