import { createClientSecret } from "@sortie/tokens/client";

/** ms. */
const TIMEOUT_MS = 5_000;

/** Where a bot may play, and what lets it in. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  /** PEM text. */
  readonly serverKey: string;
  readonly payload: string;
}

/**
 * Asks a matchmaker (examples/matchmaker) for a place and a token that is bound to this client. Rejects with Error that
 * says what the matchmaker said.
 */
export async function findPlace(matchmaker: string, session: string): Promise<Place> {
  const secret = await createClientSecret();
  const response = await fetch(`${matchmaker}/play`, {
    method: "POST",
    headers: { authorization: `Bearer ${session}`, "content-type": "application/json" },
    body: JSON.stringify({ challenge: secret.challenge }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer = (await response.json()) as Partial<Record<string, unknown>>;
  const { host, port, protocol, serverKey, token, error } = answer;
  if (!response.ok) throw new Error(`the matchmaker refuses: ${typeof error === "string" ? error : response.status}`);
  if (
    typeof host !== "string" ||
    typeof port !== "number" ||
    typeof protocol !== "string" ||
    typeof serverKey !== "string" ||
    typeof token !== "string"
  ) {
    throw new Error("the matchmaker's answer expected host, port, protocol, serverKey and token");
  }
  return { host, port, protocol, serverKey, payload: secret.payloadFor(token) };
}
