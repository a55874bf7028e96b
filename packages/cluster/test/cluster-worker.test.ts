import { afterEach, describe, expect, it, vi } from "vitest";
import { WorkerRuntime } from "../src/cluster-worker.js";
import type { MainChannel } from "../src/main-channel.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a worker whose application has closed its server", () => {
  it("does not announce the end again when the channel to the main process goes", () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    vi.spyOn(process, "on").mockReturnThis();
    const sent: unknown[] = [];
    const channel = { send: (message: unknown) => void sent.push(message), leave: () => undefined };
    const config = { worker: 0, workers: 1, host: undefined, port: 1, cookieKey: new Uint8Array(32), data: undefined };
    const runtime = new WorkerRuntime(channel as unknown as MainChannel, config);
    let announced = 0;
    runtime.worker.on("close", () => void (announced += 1));
    runtime.onServerClosed();
    runtime.onMainGone();
    expect(announced).toBe(0);
    expect(sent).toEqual([{ type: "closed" }]);
  });
});
