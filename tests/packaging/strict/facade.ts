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
  type ClientOptions,
  type ServerOptions,
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

/** What the compiler has to name where the options of a library of one's own are checked against those of "sortie". */
type Given<Options, Name extends keyof Options> = NonNullable<Options[Name]>;
const onAccess: Given<ServerOptions, "onAccess"> = () => undefined;
const handshakesPerPrefix: Given<ServerOptions, "handshakesPerPrefix"> = { perSecond: 1, burst: 1 };
const keyLog: Given<ServerOptions, "keyLog"> = () => undefined;
export const serverOptions = { onAccess, handshakesPerPrefix, keyLog } satisfies Partial<ServerOptions>;
export const createController = ((context) => {
  throw new RangeError(`no controller for ${context.maxRateBytesPerSecond} bytes/s`);
}) satisfies Given<ClientOptions, "createCongestionController">;
export type Controller = ReturnType<Given<ClientOptions, "createCongestionController">>;
export const onAck = (...given: Parameters<Controller["onAck"]>) => given;
export const congestion = (options: ClientOptions) => options.congestion;
export const rateLimit = (options: ServerOptions) => options.handshakesPerPrefix;
export const accessOf = (options: ServerOptions) => options.onAccess;
export const authenticates = (options: ServerOptions<{ level: number }>) => options.authenticate;
export const shareOf = (options: ServerOptions) => options.share;
export const trustOf = (options: ClientOptions) => options.trust;
export const cryptoOf = (options: ClientOptions) => options.crypto?.createAead;
export const suites = (options: ClientOptions) => options.crypto?.suitePreference;
export const batchOf = (options: ClientOptions) => options.transport?.acquireBatch();
export const timerOf = (options: ClientOptions) => options.clock?.setTimer;
export const { clock, stats: networkStatistics } = network;
export const { setLink, tap, setFilter } = network;
export const linkOf = (...given: Parameters<typeof createNetwork>) => given[0].link;
export const memoryOptions = (...given: Parameters<typeof network.createTransport>) => given[0];

export const codes = (error: unknown) => {
  if (error instanceof TransportError) return error.code;
  if (error instanceof IdentityError) return error.code;
  return error instanceof CertificateError ? error.code : undefined;
};
