// A game server that lets in whoever brings a token of the matchmaker. It never asks the matchmaker about a player.
import { publicKeyToPem } from "@sortie/handshake";
import { createTokenAuthenticator } from "@sortie/tokens";
import { createServer, generateIdentity } from "sortie";

const PROTOCOL = "arena/1";

export async function startGameServer({ name, keysUrl }) {
  const identity = generateIdentity();
  const server = createServer({
    protocol: PROTOCOL,
    identity,
    host: "127.0.0.1",
    port: 0,
    tickRate: 60,
    authenticate: createTokenAuthenticator({
      // Asked for at the first token, and again when one names a key that is not there.
      keys: async () => (await fetch(keysUrl, { signal: AbortSignal.timeout(5_000) })).json(),
      issuer: "https://match.example",
      audience: name,
      protocol: PROTOCOL,
      requireChallenge: true,
      data: ({ subject }) => ({ name: subject }),
      onRefused: ({ code, request }) => console.log(`server: refused a token of ${request.address.host}: ${code}`),
    }),
  });
  server.on("connect", (peer) => {
    console.log(`server: ${peer.data.name} is here`);
    peer.send(`welcome, ${peer.data.name}`, { delivery: "reliable" });
  });
  const { address: host, port } = await server.listen();
  return {
    server,
    description: { name, host, port, protocol: PROTOCOL, serverKey: publicKeyToPem(identity.publicKey) },
  };
}
