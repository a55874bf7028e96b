import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type AgonesSdk, createAgonesSdk } from "../src/sdk.js";

/** gRPC's ConnectivityState. */
const SHUTDOWN = 4;

interface WithChannel {
  readonly client: {
    getChannel(): { getConnectivityState(connect: boolean): number };
  };
}

/** The timers that `work`, and all that it leads to, begins: other files' tests have theirs in the same thread. */
class TimersOf {
  readonly #running = new Map<number, NodeJS.Timeout>();
  readonly #context = new AsyncLocalStorage<this>();
  readonly #hook = createHook({
    init: (id, type, _trigger, resource) => {
      if (type === "Timeout" && this.#context.getStore() === this) this.#running.set(id, resource as NodeJS.Timeout);
    },
    destroy: (id) => void this.#running.delete(id),
  }).enable();

  run<T>(work: () => T): T {
    return this.#context.run(this, work);
  }

  /** Those that keep the process alive. */
  async left(): Promise<number> {
    // Ends are told in a turn of their own.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    return [...this.#running.values()].filter((timer) => timer.hasRef()).length;
  }

  end(): void {
    this.#hook.disable();
  }
}

const timers = new TimersOf();

afterEach(() => {
  timers.end();
  vi.unstubAllEnvs();
});

describe("the official SDK", () => {
  it("keeps neither process nor channels when it is closed while it waits for the sidecar", async () => {
    vi.stubEnv("AGONES_SDK_GRPC_PORT", "1");
    const sdk = timers.run(createAgonesSdk);
    const connected = timers.run(() => sdk.connect());
    expect(await timers.left()).toBeGreaterThan(0);
    sdk.close();
    await expect(connected).rejects.toThrow();
    expect(await timers.left()).toBe(0);
    const { alpha, beta } = sdk as AgonesSdk & { readonly alpha: WithChannel; readonly beta: WithChannel };
    // A channel that was shut down says so, or throws.
    for (const { client } of [alpha, beta]) {
      expect(client.getChannel().getConnectivityState(false)).toBe(SHUTDOWN);
    }
  });

  it("gives up after 5 s without a sidecar, in time for the log to say so", async () => {
    vi.stubEnv("AGONES_SDK_GRPC_PORT", "1");
    let nowMs = 0;
    const now = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    const sdk = createAgonesSdk();
    try {
      let error: unknown;
      const connected = sdk.connect().catch((reason: unknown) => (error = reason));
      nowMs = 4999;
      // One of its looks at the clock, which end no sooner.
      await vi.waitFor(() => expect(now.mock.calls.length).toBeGreaterThanOrEqual(2), { timeout: 15_000 });
      expect(error).toBeUndefined();
      nowMs = 5000;
      await connected;
      expect(error).toBeInstanceOf(Error);
    } finally {
      now.mockRestore();
      sdk.close();
    }
  });
});
