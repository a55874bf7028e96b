// A server on real UDP with players whose names are attacks on the page that shows them.
import { randomBytes } from "node:crypto";
import { issueAuthority, issueServerCertificate, withCertificates } from "@sortie/certificates";
import { createMetrics, createMetricsListener } from "@sortie/metrics";
import { connect, createServer, generateIdentity } from "sortie";

export const HOSTILE_NAMES = [
  `<img src=x onerror="window.pwned=1">`,
  `"><script>window.pwned=1</script>`,
  `'-alert(1)-'`,
  `<b>bold</b>`,
  `{{constructor.constructor('window.pwned=1')()}}`,
  `\u202Eevil\u202C`,
  `a very long name that goes on and on, far beyond what any table has room for, until it is cut`,
];
const PLAYERS = 60;

export async function startHostileGame() {
  const identity = generateIdentity();
  const server = createServer({
    protocol: "page/1",
    identity,
    host: "127.0.0.1",
    port: 0,
    authenticate: ({ payload }) => ({ accept: true, data: new TextDecoder().decode(payload) }),
  });
  server.on("message", (peer, { payload }) => peer.send(payload));
  const { address: host, port } = await server.listen();
  const metrics = createMetrics(server, { describePeer: (peer) => peer.data });
  const token = randomBytes(16).toString("base64url");
  const listener = createMetricsListener(metrics, { port: 0, token, title: "Test & <check>" });
  const { url } = await listener.listen();
  const clients = [];
  const reasons = [];
  for (let i = 0; i < PLAYERS; i++) {
    const options = { host, port, protocol: "page/1", serverKey: identity.publicKey };
    const client = await connect({ ...options, payload: HOSTILE_NAMES[i] ?? `player ${i}` });
    client.on("disconnect", (reason) => reasons.push(reason));
    clients.push(client);
  }
  const chatter = setInterval(() => clients.forEach((client) => client.send(new Uint8Array(40))), 50);
  return {
    server,
    token,
    url,
    listener,
    /** Gives the server a certificate of so many days; none: its bare key again. */
    certify: (days) => server.setIdentity(days === undefined ? identity : certified(identity, days)),
    /** Why players have ended. */
    reasons,
    close: async () => {
      clearInterval(chatter);
      metrics.close();
      await listener.close();
      await server.close();
    },
  };
}

function certified(identity, days) {
  const authorityKey = generateIdentity();
  const authority = issueAuthority({ key: authorityKey, name: "Page CA" });
  const options = { authority, authorityKey, publicKey: identity.publicKey, hostnames: ["page.example"], days };
  return withCertificates(identity, issueServerCertificate(options));
}
