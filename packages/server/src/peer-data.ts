import type { SocketAddress } from "@sortie/transport";

/** An AbortSignal, of the host's own type where a program has one. */
export type AuthenticateSignal = typeof globalThis extends {
  readonly AbortSignal: { readonly prototype: infer Signal };
}
  ? Signal
  : {
      readonly aborted: boolean;
      readonly reason?: unknown;
      addEventListener(type: "abort", listener: () => void): void;
    };

/** What `authenticate` is asked. */
export interface AuthenticateRequest {
  /** What the client gave as `payload`; empty when nothing. */
  readonly payload: Uint8Array;
  readonly address: SocketAddress;
  /** 32 hexadecimal digits, random, unique to this connection. */
  readonly sessionId: string;
  /**
   * Aborts once nobody waits for the answer: the client has gone, `handshakeTimeoutMs` are over, or the server shut
   * down. For `fetch` and the like; what they reject with then is no fault. A listener must not throw.
   */
  readonly signal: AuthenticateSignal;
}

/**
 * Of properties that have to be there unless `Data` may be undefined. Their names alone hang on the condition: were it
 * the type itself, a `Server<Player>` would be no `Server<unknown>` any more.
 */
export type NeededFor<Data, Name extends string> = undefined extends Data ? never : Name;

/** The answer that lets a client in. */
export type Acceptance<Data> = { readonly accept: true; readonly data?: Data } & {
  readonly [Name in NeededFor<Data, "data">]: Data;
};

/**
 * The answer of `authenticate`. `data` becomes `peer.data`, and has to be there where `Data` does not take undefined:
 * where some peers have none, say `Player | undefined`. An answer with a property of another name is a fault, which
 * goes to "error", and lets nobody in.
 */
export type AuthenticateResult<Data> =
  | Acceptance<Data>
  | {
      readonly accept: false;
      /** Told to the client. Default: "refused", or "the server is full". */
      readonly reason?: string | undefined;
      /**
       * "server-full" where your game has no place left: to the client, and to the access log, as where `maxPeers` are
       * connected. Default "refused", to the client a ConnectError "rejected".
       */
      readonly code?: "refused" | "server-full" | undefined;
    };

export type Authenticate<Data> = (
  request: AuthenticateRequest,
) => AuthenticateResult<Data> | Promise<AuthenticateResult<Data>>;

/**
 * The option that `peer.data` comes from. It has to be there where `Data` does not take undefined: without it, peers
 * have no data.
 */
export type PeerDataOptions<Data = unknown> = {
  /** Lets clients in or refuses them. Without it everyone is let in. */
  readonly authenticate?: Authenticate<Data> | undefined;
} & { readonly [Name in NeededFor<Data, "authenticate">]: Authenticate<Data> };
