import type { ConnectionResources, ConnectionSettings, TraceSink } from "@sortie/connection";
import type { KeyLog, ServerTrust } from "@sortie/handshake";
import type { SocketAddress } from "@sortie/transport";
import type { TransportParameters } from "@sortie/wire";
import type { AttemptDeadline } from "./attempt-deadline.js";

export interface ClientCoreOptions {
  readonly resources: ConnectionResources;
  readonly protocolId: Uint8Array;
  readonly trust: ServerTrust;
  readonly parameters: TransportParameters;
  readonly settings: ConnectionSettings;
  /** The server's addresses, best first; at least one. */
  readonly addresses: readonly SocketAddress[];
  /** For error messages: host and port as the user gave them. */
  readonly target: string;
  readonly connectPayload: Uint8Array;
  /** ms for everything up to ACCEPT. */
  readonly timeoutMs: number;
  readonly nowMs: number;
  /** @internal Of an attempt that began before, as by a look-up. Default: `timeoutMs` from `nowMs` on. */
  readonly deadline?: AttemptDeadline | undefined;
  /** Time passes for it only when its owner says so. */
  readonly isPolled?: boolean | undefined;
  /** Hears the secrets of the connection. */
  readonly keyLog?: KeyLog | undefined;
  /** Hears what the connection does. */
  readonly trace?: TraceSink | undefined;
}
