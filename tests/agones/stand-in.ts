import { createRequire } from "node:module";
import * as grpc from "@grpc/grpc-js";
import { onPortAside } from "../support/port-aside.js";

const require = createRequire(import.meta.url);
// Agones' published protocol (sdk.proto, beta.proto), as its SDK carries it.
type PackageDefinition = Parameters<typeof grpc.loadPackageDefinition>[0];
const sdkDefinition = require("@google-cloud/agones-sdk/lib/sdk_grpc_pb.js") as PackageDefinition;
const betaDefinition = require("@google-cloud/agones-sdk/lib/beta/beta_grpc_pb.js") as PackageDefinition;
const messages = require("@google-cloud/agones-sdk/lib/sdk_pb.js") as Record<string, new () => GameServerMessage>;
const beta = require("@google-cloud/agones-sdk/lib/beta/beta_pb.js") as Record<string, new () => BetaMessage>;

/** Setters of the generated messages that are used. */
interface GameServerMessage {
  setObjectMeta(meta: GameServerMessage): void;
  setStatus(status: GameServerMessage): void;
  setName(name: string): void;
  setState(state: string): void;
}

interface BetaMessage {
  setName(name: string): void;
  setCount(count: number): void;
  setCapacity(capacity: number): void;
  setValuesList(values: string[]): void;
}

interface CounterRequest {
  getCounterupdaterequest(): { getName(): string; getCount(): { getValue(): number } | undefined };
}

interface ListRequest {
  getName(): string;
  getValue(): string;
}

type Unary<Request = unknown> = (call: { request: Request }, done: grpc.sendUnaryData<object>) => void;

interface Stream {
  write(message: object): void;
  end(): void;
  on(name: "cancelled" | "close", listener: () => void): void;
}

interface ServiceHolder {
  readonly agones: { readonly dev: { readonly sdk: { SDK: Client; beta: { SDK: Client } } } };
}

interface Client {
  readonly service: grpc.ServiceDefinition;
}

/** Agones' sidecar as far as a game server sees it: the state machine of one GameServer, its counters and lists. */
export class AgonesStandIn {
  state = "Scheduled";
  pings = 0;
  /** Calls in order, but pings and watches. */
  readonly calls: string[] = [];
  readonly counters: Map<string, number> = new Map();
  readonly lists: Map<string, string[]> = new Map();
  /** The next calls of this name fail so often. */
  readonly failures: Map<string, number> = new Map();
  port = 0;
  #server: grpc.Server | undefined;
  readonly #watchers: Set<Stream> = new Set();
  readonly #waiting: Set<() => void> = new Set();

  /** On some port; again on the same one after `stop`. */
  async start(): Promise<void> {
    const server = new grpc.Server();
    const { sdk } = (grpc.loadPackageDefinition(sdkDefinition) as unknown as ServiceHolder).agones.dev;
    const { sdk: sdkOfBeta } = (grpc.loadPackageDefinition(betaDefinition) as unknown as ServiceHolder).agones.dev;
    server.addService(sdk.SDK.service, {
      ready: this.#moves("ready", "Ready"),
      allocate: this.#moves("allocate", "Allocated"),
      shutdown: this.#moves("shutdown", "Shutdown"),
      reserve: this.#moves("reserve", "Reserved"),
      setLabel: this.#moves("setLabel", undefined),
      setAnnotation: this.#moves("setAnnotation", undefined),
      getGameServer: this.#unary("getGameServer", () => this.#gameServer()),
      health: (stream: { on(name: string, listener: () => void): void }) => {
        stream.on("data", () => {
          this.pings += 1;
          this.#changed();
        });
        stream.on("error", () => {});
      },
      watchGameServer: (stream: Stream) => {
        this.#watchers.add(stream);
        stream.on("cancelled", () => this.#watchers.delete(stream));
        stream.write(this.#gameServer());
      },
    } as unknown as grpc.UntypedServiceImplementation);
    server.addService(sdkOfBeta.beta.SDK.service, {
      getCounter: this.#unary("getCounter", () => this.#message("Counter", (counter) => counter.setCount(0))),
      updateCounter: this.#unary<CounterRequest>("updateCounter", (request) => {
        const update = request.getCounterupdaterequest();
        this.counters.set(update.getName(), update.getCount()?.getValue() ?? Number.NaN);
        return this.#message("Counter", (counter) => counter.setName(update.getName()));
      }),
      getList: this.#unary<ListRequest>("getList", (request) => this.#list(request.getName())),
      updateList: this.#unary<ListRequest>("updateList", (request) => this.#list(request.getName())),
      addListValue: this.#unary<ListRequest>("addListValue", (request) => {
        this.#valuesOf(request.getName()).push(request.getValue());
        return this.#list(request.getName());
      }),
      removeListValue: this.#unary<ListRequest>("removeListValue", (request) => {
        const values = this.#valuesOf(request.getName());
        values.splice(values.indexOf(request.getValue()), 1);
        return this.#list(request.getName());
      }),
    } as unknown as grpc.UntypedServiceImplementation);
    const credentials = grpc.ServerCredentials.createInsecure();
    const bind = (at: number): Promise<number> =>
      new Promise((resolve, reject) => {
        server.bindAsync(`localhost:${at}`, credentials, (error, port) => {
          if (error === null) resolve(port);
          // Tells of the fault in its words alone.
          else reject(/EADDRINUSE/.test(error.message) ? Object.assign(error, { code: "EADDRINUSE" }) : error);
        });
      });
    this.port = this.port === 0 ? await onPortAside(bind) : await bind(this.port);
    this.#server = server;
  }

  /** The sidecar is gone, in the middle of everything. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#watchers.clear();
  }

  /** The state as Kubernetes would set it. */
  moveTo(state: string): void {
    this.state = state;
    for (const stream of this.#watchers) stream.write(this.#gameServer());
    this.#changed();
  }

  /** Resolves as soon as it holds; looks after each call. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look();
  }

  #moves(name: string, state: string | undefined): Unary {
    return this.#unary(name, () => {
      if (state !== undefined) this.moveTo(state);
      return new (messages["Empty"] as new () => object)();
    });
  }

  #unary<Request>(name: string, answer: (request: Request) => object): Unary<Request> {
    return ({ request }, done) => {
      this.calls.push(name);
      const failures = this.failures.get(name) ?? 0;
      if (failures > 0) {
        this.failures.set(name, failures - 1);
        done({ code: grpc.status.INTERNAL, details: `${name} fails` });
      } else done(null, answer(request));
      this.#changed();
    };
  }

  #gameServer(): object {
    const make = (name: string): GameServerMessage => new (messages[name] as new () => GameServerMessage)();
    const nested = messages["GameServer"] as unknown as Record<string, new () => GameServerMessage>;
    const gameServer = make("GameServer");
    const meta = new (nested["ObjectMeta"] as new () => GameServerMessage)();
    meta.setName("arena-abc");
    const status = new (nested["Status"] as new () => GameServerMessage)();
    status.setState(this.state);
    gameServer.setObjectMeta(meta);
    gameServer.setStatus(status);
    return gameServer;
  }

  #valuesOf(name: string): string[] {
    let values = this.lists.get(name);
    if (values === undefined) this.lists.set(name, (values = []));
    return values;
  }

  #list(name: string): object {
    return this.#message("List", (list) => {
      list.setName(name);
      list.setValuesList(this.#valuesOf(name));
    });
  }

  #message(name: string, fill: (message: BetaMessage) => void): object {
    const message = new (beta[name] as new () => BetaMessage)();
    fill(message);
    return message;
  }
}
