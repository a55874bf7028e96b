// What a library that builds on "sortie" exports without naming its types: the compiler has to write them down, and can
// name only what "sortie" exports, as the packages behind it are out of reach here.
import {
  connect,
  createClient,
  createConsoleLogger,
  createNetwork,
  createServer,
  createUdpTransport,
  generateIdentity,
  loadIdentity,
  TransportError,
  IdentityError,
  CertificateError,
} from "sortie";

const options = { host: "a", port: 1, protocol: "a", serverKey: "k" };

export const server = createServer({ protocol: "a", authenticate: () => ({ accept: true, data: { level: 1 } }) });
export const listening = server.listen();
export const { peers } = server;
export const serverStatistics = server.stats;
export const { ticks, drops, transport: serverTransport } = server.stats;
export const broadcastTo = (...rest: Parameters<typeof server.broadcast>) => server.broadcast(...rest);
export const onServer = server.on.bind(server);
export const closed = server.close;

export const connected = connect(options);
export const onClient = (client: Awaited<typeof connected>) => client.on.bind(client);
export const polled = createClient(options);
export const receipt = polled.send("x");
export const { refusal, outcome } = receipt;
export const { state, reason, socketError, quality, advice, stats } = polled;
export const code = polled.reason?.code;
export const received = polled.receive();

export const identity = generateIdentity();
export const { keyPair } = identity;
export const loaded = loadIdentity("x");
export const udp = createUdpTransport();
export const network = createNetwork({ seed: 1 });
export const memory = network.createTransport();
export const logger = createConsoleLogger({ level: "warn" });

export const codes = (error: unknown) => {
  if (error instanceof TransportError) return error.code;
  if (error instanceof IdentityError) return error.code;
  return error instanceof CertificateError ? error.code : undefined;
};
