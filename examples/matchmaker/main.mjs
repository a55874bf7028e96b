// Matchmaker, game server and a player on this machine; then somebody who tries the player's token again.
import { startGameServer } from "./game-server.mjs";
import { startMatchmaker } from "./matchmaker.mjs";
import { findGame, play } from "./player.mjs";

const matchmaker = await startMatchmaker({ sessions: new Map([["session-of-ann", "ann"]]) });
const { server, description } = await startGameServer({
  name: "eu-1",
  keysUrl: `${matchmaker.url}/.well-known/jwks.json`,
});
matchmaker.announce(description);

const place = await findGame({ matchmaker: matchmaker.url, session: "session-of-ann" });
const { client, welcome } = await play(place);
console.log(`player: ${welcome}`);

// The whole payload was stolen: it is used up. The token alone was: it is bound to ann's secret.
for (const payload of [place.payload, place.payload.split("~")[0]]) {
  await play({ ...place, payload }).catch((error) => console.log(`thief: ${error.code}, ${error.message}`));
}
await findGame({ matchmaker: matchmaker.url, session: "guessed" }).catch((error) =>
  console.log(`stranger: ${error.message}`),
);

await client.close();
await server.close();
await matchmaker.close();
