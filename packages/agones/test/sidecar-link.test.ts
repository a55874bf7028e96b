import { afterEach, describe, expect, it, vi } from "vitest";
import type { AgonesSdk } from "../src/sdk.js";
import { SidecarLink } from "../src/sidecar-link.js";

afterEach(() => void vi.useRealTimers());

describe("SidecarLink", () => {
  it("gives up a call that the sidecar does not answer within 30 s, and keeps no timer", async () => {
    vi.useFakeTimers();
    const silence = (): void => {};
    const sdk = {
      connect: () => Promise.resolve(),
      watchGameServer: silence,
      health: silence,
      close: silence,
    } as unknown as AgonesSdk;
    const link = new SidecarLink({
      createSdk: () => sdk,
      pingIntervalMs: 3_600_000,
      isHealthy: () => true,
      logger: { debug: silence, info: silence, warn: silence, error: silence },
      onConnected: silence,
      onGameServer: silence,
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(link.isConnected).toBe(true);
    const outcome = link.call("allocate", () => new Promise(silence)).catch((error: unknown) => String(error));
    await vi.advanceTimersByTimeAsync(29_990);
    expect(await Promise.race([outcome, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(20);
    expect(await outcome).toBe("Error: allocate: Agones' sidecar did not answer within 30000 ms");
    link.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
