import type { SocketAddress } from "@sortie/transport";
import type { Authenticate, AuthenticateResult } from "./options.js";

/** The decision on one client. */
export type Decision<Data> =
  | { readonly kind: "accept"; readonly data: Data | undefined }
  | { readonly kind: "refuse"; readonly reason: string }
  /** `authenticate` threw or gave something that is no answer. */
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * Asks the application's `authenticate`, which may answer at once or later, throw or never answer: the deadline of the
 * handshake covers the last. `decide` is called once at the most.
 */
export function authenticateClient<Data>(
  authenticate: Authenticate<Data> | undefined,
  request: { payload: Uint8Array; address: SocketAddress; sessionId: string },
  decide: (decision: Decision<Data>) => void,
): void {
  if (authenticate === undefined) return decide({ kind: "accept", data: undefined });
  let answer: unknown;
  try {
    answer = authenticate(request);
  } catch (error) {
    return decide({ kind: "failed", error });
  }
  if (!isThenable(answer)) return decide(decisionOf(answer));
  answer.then(
    (result) => decide(decisionOf(result)),
    (error: unknown) => decide({ kind: "failed", error }),
  );
}

function decisionOf<Data>(answer: unknown): Decision<Data> {
  const result = answer as AuthenticateResult<Data> | null | undefined;
  if (typeof result === "object" && result !== null) {
    if (result.accept === true) return { kind: "accept", data: result.data };
    if (result.accept === false) return { kind: "refuse", reason: String(result.reason ?? "refused") };
  }
  const error = new TypeError(`"authenticate" expected { accept: true } or { accept: false }, got ${String(answer)}`);
  return { kind: "failed", error };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
