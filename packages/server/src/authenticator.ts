import { checkNames, describeValue, isThenable } from "@sortie/connection";
import { CloseCode } from "@sortie/wire";
import type { Authenticate, AuthenticateRequest, AuthenticateResult } from "./peer-data.js";

/** The decision on one client. */
export type Decision<Data> =
  | { readonly kind: "accept"; readonly data: Data | undefined }
  | { readonly kind: "refuse"; readonly code: CloseCode; readonly reason: string }
  /** `authenticate` threw or gave something that is no answer. */
  | { readonly kind: "failed"; readonly error: unknown };

/** What a refusal is to the client, and what it is told where the application says nothing. */
const REFUSALS: Readonly<Record<"refused" | "server-full", readonly [code: CloseCode, reason: string]>> = {
  refused: [CloseCode.Refused, "refused"],
  "server-full": [CloseCode.ServerFull, "the server is full"],
};

/** Those of every kind of answer. */
type NamesOf<Answer> = Answer extends unknown ? keyof Answer : never;

/** A misspelt "data" would let a peer in without any, and a misspelt "reason" would not be told. */
const ANSWER_NAMES: Readonly<Record<NamesOf<AuthenticateResult<unknown>>, true>> = {
  accept: true,
  data: true,
  reason: true,
  code: true,
};

/**
 * Asks the application's `authenticate`, which may answer at once or later, throw or never answer: the deadline of the
 * handshake covers the last. `decide` is called once at the most.
 */
export function authenticateClient<Data>(
  authenticate: Authenticate<Data> | undefined,
  request: AuthenticateRequest,
  decide: (decision: Decision<Data>) => void,
): void {
  if (authenticate === undefined) return decide({ kind: "accept", data: undefined });
  let answer: unknown;
  let decision: Decision<Data> | undefined;
  try {
    answer = authenticate(request);
    // The answer may be an object whose properties throw.
    if (!isThenable(answer)) decision = decisionOf(answer);
  } catch (error) {
    decision = { kind: "failed", error };
  }
  if (decision !== undefined) return decide(decision);
  // Not `answer.then`: only a true promise settles once, and never throws.
  Promise.resolve(answer)
    .then((result) => decisionOf<Data>(result))
    .then(decide, (error: unknown) => decide({ kind: "failed", error }));
}

function decisionOf<Data>(answer: unknown): Decision<Data> {
  const result = answer as AuthenticateResult<Data> | null | undefined;
  if (typeof result !== "object" || result === null) return noAnswer(result === null ? "null" : typeof result);
  if (Array.isArray(result)) return noAnswer("an array");
  const { accept } = result;
  if (accept !== true && accept !== false) return noAnswer(`"accept" of type ${typeof accept}`);
  checkNames(result, ANSWER_NAMES, "authenticate");
  if (accept === true) return { kind: "accept", data: result.data };
  const { code: name = "refused" } = result;
  if (typeof name !== "string" || !Object.hasOwn(REFUSALS, name)) {
    return noAnswer(`"code" ${describeValue(name)}, which is neither "refused" nor "server-full"`);
  }
  const [code, said] = REFUSALS[name];
  const { reason = said } = result;
  return typeof reason === "string" ? { kind: "refuse", code, reason } : noAnswer(`"reason" of type ${typeof reason}`);
}

function noAnswer(got: string): { kind: "failed"; error: TypeError } {
  const expected = "{ accept: true, data? } or { accept: false, reason?, code? }";
  return { kind: "failed", error: new TypeError(`"authenticate" expected ${expected}, got ${got}`) };
}
