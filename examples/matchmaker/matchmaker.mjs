// The backend, plain node:http: knows who is logged in and which game servers there are, and issues connect tokens.
import { createServer } from "node:http";
import { createTokenIssuer, generateTokenKey } from "@sortie/tokens";

/** bytes. A request has a game and a challenge. */
const MAX_BODY_BYTES = 1024;

/** @param sessions player by session cookie or token of your login */
export async function startMatchmaker({ sessions, port = 0 }) {
  // A real backend loads its keys from a secret store, and rotates them: addKey, signWith, removeKey.
  const issuer = await createTokenIssuer({ keys: [await generateTokenKey()], issuer: "https://match.example" });
  /** Game servers by name, as they have announced themselves. */
  const servers = new Map();

  async function answer(request) {
    if (request.method === "GET" && request.url === "/.well-known/jwks.json") return [200, issuer.keySet()];
    if (request.method !== "POST" || request.url !== "/play") return [404, { error: "not found" }];
    const player = sessions.get(request.headers.authorization?.replace(/^Bearer /, ""));
    if (player === undefined) return [401, { error: "log in first" }];
    const { challenge } = await readJson(request);
    const [server] = servers.values();
    if (server === undefined) return [503, { error: "no server is free" }];
    const { name: audience, host, port: udpPort, protocol, serverKey } = server;
    const token = await issuer.issue({ subject: player, audience, protocol, challenge, lifetimeSeconds: 15 });
    return [200, { host, port: udpPort, protocol, serverKey, token }];
  }

  const http = createServer({ requestTimeout: 5_000 }, (request, response) => {
    answer(request)
      // What the issuer says about a bad challenge is for the client that sent it.
      .catch((error) => [400, { error: error.message }])
      .then(([status, body]) => {
        response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
        response.end(JSON.stringify(body));
      });
  });
  await new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${http.address().port}`,
    /** What a fleet manager would tell it, such as Agones. */
    announce: (server) => servers.set(server.name, server),
    close: () => new Promise((resolve) => http.close(resolve).closeAllConnections()),
  };
}

async function readJson(request) {
  let text = "";
  for await (const part of request.setEncoding("utf8")) {
    text += part;
    if (text.length > MAX_BODY_BYTES) throw new Error(`expected at most ${MAX_BODY_BYTES} bytes`);
  }
  return JSON.parse(text);
}
