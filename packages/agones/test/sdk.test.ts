import { describe, expect, it } from "vitest";
import { type AgonesSdk, createAgonesSdk } from "../src/sdk.js";

/** gRPC's ConnectivityState. */
const SHUTDOWN = 4;

interface WithChannel {
  readonly client: {
    getChannel(): { getConnectivityState(connect: boolean): number };
  };
}

/** Timers that keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

describe("the official SDK", () => {
  it("keeps neither process nor channels when it is closed while it waits for the sidecar", async () => {
    process.env["AGONES_SDK_GRPC_PORT"] = "1";
    try {
      const before = timers();
      const sdk = createAgonesSdk();
      const connected = sdk.connect();
      sdk.close();
      await expect(connected).rejects.toThrow();
      expect(timers()).toBeLessThanOrEqual(before);
      const { alpha, beta } = sdk as AgonesSdk & { readonly alpha: WithChannel; readonly beta: WithChannel };
      // A channel that was shut down says so, or throws.
      for (const { client } of [alpha, beta]) {
        expect(client.getChannel().getConnectivityState(false)).toBe(SHUTDOWN);
      }
    } finally {
      delete process.env["AGONES_SDK_GRPC_PORT"];
    }
  });
});
