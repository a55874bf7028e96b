import type { DisconnectReason } from "@sortie/connection";
import type { SocketAddress } from "@sortie/transport";
import type { AuthenticateRequest, AuthenticateSignal } from "./peer-data.js";

/** The part of an AbortController that is used: the packages below the transports know no host's types. */
interface AbortControllerLike {
  readonly signal: AuthenticateSignal;
  abort(reason: unknown): void;
}

/** What `authenticate` is asked about one client, and what becomes of the call should the client go. */
export class AuthenticateCall {
  /** An object of its own properties, for those who hand a copy on. */
  readonly request: AuthenticateRequest;
  #controller: AbortControllerLike | undefined;
  /** Why nobody waits for the answer. */
  #goneBy: Error | undefined;

  constructor(payload: Uint8Array, address: SocketAddress, sessionId: string) {
    const signal = (): AuthenticateSignal => this.#signal();
    this.request = {
      payload,
      address,
      sessionId,
      get signal() {
        return signal();
      },
    };
  }

  /** The client has gone, was given up or sent away: the answer is of no use to anybody. */
  abandon({ code, text }: DisconnectReason): void {
    const said = text === "" ? "" : `: ${text}`;
    this.#goneBy = new Error(`nobody waits for this answer of "authenticate" any more (${code}${said})`);
    this.#controller?.abort(this.#goneBy);
  }

  /** Whether a failure is what the signal asked for: of the call itself, or of what it waited for. */
  isOfSignal(error: unknown): boolean {
    if (this.#goneBy === undefined || this.#controller === undefined) return false;
    return error === this.#goneBy || (error as { readonly name?: unknown } | null | undefined)?.name === "AbortError";
  }

  /** Made when it is asked for: most answers need none, and one costs as much as opening a packet. */
  #signal(): AuthenticateSignal {
    this.#controller ??= this.#createController();
    return this.#controller.signal;
  }

  #createController(): AbortControllerLike {
    const { AbortController } = globalThis as unknown as { readonly AbortController: new () => AbortControllerLike };
    const controller = new AbortController();
    if (this.#goneBy !== undefined) controller.abort(this.#goneBy);
    return controller;
  }
}
