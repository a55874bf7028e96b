import AgonesSDK from "@google-cloud/agones-sdk";

/** What is used of a GameServer resource, as Agones' SDK gives it. */
export interface GameServerView {
  readonly objectMeta?: { readonly name?: string; readonly deletionTimestamp?: number } | undefined;
  readonly status?: { readonly state?: string } | undefined;
}

/** The part of `@google-cloud/agones-sdk` that is used here. */
export interface AgonesSdk {
  /** Waits up to 30 s for the sidecar. */
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

/** The official SDK: the sidecar at localhost, port `AGONES_SDK_GRPC_PORT` or 9357. */
export function createAgonesSdk(): AgonesSdk {
  // Its declarations leave out `beta`.
  return new (AgonesSDK as unknown as new () => AgonesSdk)();
}

/** Where the official SDK looks for the sidecar. */
export function sidecarAddress(): string {
  return `localhost:${process.env["AGONES_SDK_GRPC_PORT"] ?? "9357"}`;
}
