import AgonesSDK from "@google-cloud/agones-sdk";

/** What is used of a GameServer resource, as Agones' SDK gives it. */
export interface GameServerView {
  readonly objectMeta?: { readonly name?: string; readonly deletionTimestamp?: number } | undefined;
  readonly status?: { readonly state?: string } | undefined;
}

/** The part of `@google-cloud/agones-sdk` that is used here. */
export interface AgonesSdk {
  /** Waits for the sidecar: the official SDK 30 s, as it is made here 5 s. */
  connect(): Promise<void>;
  close(): void;
  ready(): Promise<unknown>;
  allocate(): Promise<unknown>;
  shutdown(): Promise<unknown>;
  health(onError: (error: unknown) => void): void;
  getGameServer(): Promise<GameServerView>;
  watchGameServer(onChange: (gameServer: GameServerView) => void, onError: (error: unknown) => void): void;
  readonly beta: {
    setCounterCount(name: string, count: number): Promise<void>;
    getListValues(name: string): Promise<readonly string[]>;
    appendListValue(name: string, value: string): Promise<void>;
    deleteListValue(name: string, value: string): Promise<void>;
  };
}

/**
 * ms that it waits for the sidecar, until the log says why there is none: Agones and people give a pod up after some
 * tens of seconds. In steps: the timer of each keeps the process alive.
 */
const CONNECT_TIMEOUT_MS = 5_000;
const CONNECT_STEP_MS = 500;

interface GrpcClient {
  waitForReady(deadlineMs: number, done: (error?: Error) => void): void;
  close(): void;
}

/** What the official SDK has beside its declarations. */
interface OfficialSdk extends AgonesSdk {
  readonly client: GrpcClient;
  readonly alpha: { readonly client: GrpcClient };
  readonly beta: AgonesSdk["beta"] & { readonly client: GrpcClient };
}

/**
 * The official SDK: the sidecar at localhost, port `AGONES_SDK_GRPC_PORT` or 9357. Its `connect` would keep the process
 * alive for 30 s after `close`, and its `close` leaves two of three channels, which gRPC remembers for ever.
 */
export function createAgonesSdk(): AgonesSdk {
  const sdk = new (AgonesSDK as unknown as new () => OfficialSdk)();
  const closeSdk = sdk.close.bind(sdk);
  let isClosed = false;
  const step = (): Promise<Error | undefined> =>
    new Promise((resolve) => sdk.client.waitForReady(Date.now() + CONNECT_STEP_MS, resolve));
  return Object.assign(sdk, {
    connect: async () => {
      for (const endMs = performance.now() + CONNECT_TIMEOUT_MS; ;) {
        const error = await step();
        if (error === undefined) return;
        if (isClosed || performance.now() >= endMs) throw error;
      }
    },
    close: () => {
      isClosed = true;
      sdk.alpha.client.close();
      sdk.beta.client.close();
      closeSdk();
    },
  });
}

/** Where the official SDK looks for the sidecar. */
export function sidecarAddress(): string {
  return `localhost:${process.env["AGONES_SDK_GRPC_PORT"] ?? "9357"}`;
}
