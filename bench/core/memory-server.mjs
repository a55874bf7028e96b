// What the benchmarks of the server's own code start from: a server on a memory link, and where clients find it.
import { createServer, generateIdentity } from "sortie";

const PROTOCOL = "bench/1";

/** Starts a server that lets all in. Resolves with it, and with the options of its clients but their callbacks. */
export async function startMemoryServer(link, clock, crypto, options) {
  const identity = generateIdentity();
  const server = createServer({
    protocol: PROTOCOL,
    identity,
    crypto,
    transport: link.serverEnd,
    clock: link.serverClock,
    maxPeers: 4096,
    handshakesPerSecond: 100_000,
    handshakesPerPrefix: { perSecond: 100_000, burst: 100_000 },
    ...options,
  });
  await server.listen();
  const where = { host: "127.0.0.1", port: 1, protocol: PROTOCOL, serverKey: identity.publicKey };
  return { server, clientOptions: { ...where, transport: link.clientEnd, crypto, clock } };
}
