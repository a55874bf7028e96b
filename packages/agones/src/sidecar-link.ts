import type { Logger } from "@sortie/connection";
import { givenAtOnce } from "./given-at-once.js";
import { type AgonesSdk, type GameServerView, sidecarAddress } from "./sdk.js";

/** ms until the sidecar is tried again; doubled with each failure. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
/** The same before the first connection: the sidecar may start later than its server, which is not ready before. */
const LAST_FIRST_RETRY_MS = 2_000;
/** ms that a connection must hold before its end counts as the first failure: one that is made may break at once. */
const STEADY_MS = 5000;
/** ms that a call may take: the sidecar is on this machine, but asks Kubernetes. */
const CALL_TIMEOUT_MS = 30_000;
/** Pings between two looks at the GameServer, should the watch have ended without a word. */
const PINGS_PER_LOOK = 15;

export interface SidecarLinkOptions {
  readonly createSdk: () => AgonesSdk;
  readonly pingIntervalMs: number;
  /** Asked before each ping; without a ping for long enough Agones takes the server for dead. */
  readonly isHealthy: () => boolean | Promise<boolean>;
  readonly logger: Logger;
  /** The sidecar is there, again perhaps. */
  readonly onConnected: () => void;
  readonly onGameServer: (gameServer: GameServerView) => void;
}

/**
 * The connection to Agones' sidecar: made again whenever it is lost, with a new SDK each time, as the SDK does not come
 * back from a broken stream. Whatever fails here is logged and tried again; nothing is thrown.
 */
export class SidecarLink {
  readonly #options: SidecarLinkOptions;
  #sdk: AgonesSdk | undefined;
  #isConnected = false;
  /** Of the connection, or the last one; undefined: there was none. */
  #connectedAtMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #pings = 0;
  /** `isHealthy` was asked and has not answered. */
  #isAsking = false;
  #isClosed = false;

  constructor(options: SidecarLinkOptions) {
    this.#options = options;
    // Each attempt that fails is told as well, but only when its time is over.
    options.logger.info({ address: sidecarAddress() }, `waiting for Agones' sidecar at ${sidecarAddress()}`);
    this.#connect();
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Calls the sidecar. Rejects when it is not there, refuses, or takes too long. */
  async call<Result>(what: string, work: (sdk: AgonesSdk) => Promise<Result>): Promise<Result> {
    const sdk = this.#sdk;
    if (!this.#isConnected || sdk === undefined) throw new Error(`${what}: no Agones sidecar at ${sidecarAddress()}`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`${what}: Agones' sidecar did not answer within ${CALL_TIMEOUT_MS} ms`);
      timer = setTimeout(() => reject(error), CALL_TIMEOUT_MS);
      timer.unref();
    });
    try {
      return await Promise.race([work(sdk), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it; the process is not kept alive any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #connect(): void {
    try {
      const sdk = (this.#sdk = givenAtOnce("createSdk", this.#options.createSdk()));
      sdk.connect().then(
        () => this.#onConnected(sdk),
        (error: unknown) => this.#fail(sdk, error),
      );
    } catch (error) {
      this.#fail(this.#sdk, error);
    }
  }

  #onConnected(sdk: AgonesSdk): void {
    if (sdk !== this.#sdk) return;
    const { logger, onConnected, onGameServer } = this.#options;
    this.#isConnected = true;
    if (this.#connectedAtMs === undefined) this.#failures = 0;
    this.#connectedAtMs = performance.now();
    logger.info({ address: sidecarAddress() }, "connected to Agones' sidecar");
    this.#guard(sdk, () => {
      sdk.watchGameServer(
        (gameServer) => {
          if (sdk === this.#sdk) this.#guard(sdk, () => onGameServer(gameServer));
        },
        (error) => this.#fail(sdk, error),
      );
    });
    this.#ping(sdk);
    if (sdk === this.#sdk) onConnected();
  }

  #ping(sdk: AgonesSdk): void {
    if (sdk !== this.#sdk) return;
    this.#timer = setTimeout(() => this.#ping(sdk), this.#options.pingIntervalMs);
    this.#timer.unref();
    void this.#pingIfHealthy(sdk);
    if (this.#pings++ % PINGS_PER_LOOK !== PINGS_PER_LOOK - 1) return;
    this.call("getGameServer", () => sdk.getGameServer())
      .then((gameServer) => {
        if (sdk === this.#sdk) this.#options.onGameServer(gameServer);
      })
      .catch((error: unknown) => this.#fail(sdk, error));
  }

  async #pingIfHealthy(sdk: AgonesSdk): Promise<void> {
    // One that never answers is asked once only, and Agones misses its pings.
    if (this.#isAsking) return;
    this.#isAsking = true;
    const isHealthy = await this.#isHealthy();
    this.#isAsking = false;
    if (isHealthy && sdk === this.#sdk) this.#guard(sdk, () => sdk.health((error) => this.#fail(sdk, error)));
  }

  /** One that fails is no reason to let the game die here: Agones misses pings, and ends it in good order. */
  async #isHealthy(): Promise<boolean> {
    try {
      return await this.#options.isHealthy();
    } catch (error) {
      this.#options.logger.error({ err: error }, '"isHealthy" failed: no ping is sent');
      return false;
    }
  }

  #guard(sdk: AgonesSdk, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(sdk, error);
    }
  }

  /** What comes late from an SDK that was dropped already is no news. */
  #fail(sdk: AgonesSdk | undefined, error: unknown): void {
    if (this.#isClosed || sdk !== this.#sdk) return;
    const connectedAtMs = this.#connectedAtMs;
    if (this.#isConnected && performance.now() - (connectedAtMs ?? 0) >= STEADY_MS) this.#failures = 0;
    this.#drop();
    const lastRetryMs = connectedAtMs === undefined ? LAST_FIRST_RETRY_MS : LAST_RETRY_MS;
    const retryInMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, lastRetryMs);
    this.#failures += 1;
    const address = sidecarAddress();
    const fields = { address, retryInMs, failures: this.#failures, err: error };
    this.#options.logger.warn(
      fields,
      "no connection to Agones' sidecar: the game goes on without, and it is tried again",
    );
    this.#timer = setTimeout(() => this.#connect(), retryInMs);
    this.#timer.unref();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const sdk = this.#sdk;
    this.#sdk = undefined;
    this.#isConnected = false;
    try {
      sdk?.close();
    } catch {
      // It is broken already.
    }
  }
}
