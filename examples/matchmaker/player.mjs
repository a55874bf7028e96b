// A player: asks the matchmaker for a place, and connects with the token that it gets.
import { createClientSecret } from "@sortie/tokens/client";
import { connect } from "sortie";

/** A place on a game server: where it is, its key, and the payload that lets this client in, once. */
export async function findGame({ matchmaker, session }) {
  const secret = await createClientSecret();
  const response = await fetch(`${matchmaker}/play`, {
    method: "POST",
    headers: { authorization: `Bearer ${session}`, "content-type": "application/json" },
    body: JSON.stringify({ challenge: secret.challenge }),
    signal: AbortSignal.timeout(5_000),
  });
  const { error, token, ...place } = await response.json();
  if (!response.ok) throw new Error(`matchmaker: ${error}`);
  return { ...place, payload: secret.payloadFor(token) };
}

/** Connects, and resolves with the client and the first thing that the server says. */
export async function play(place) {
  const client = await connect(place);
  const welcome = await new Promise((resolve) => {
    client.on("message", ({ payload }) => resolve(new TextDecoder().decode(payload)));
  });
  return { client, welcome };
}
