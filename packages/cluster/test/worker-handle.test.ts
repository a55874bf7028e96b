import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { resolveClusterOptions } from "../src/cluster-options.js";
import type { WorkerHandleUser } from "../src/worker-handle.js";

afterEach(() => {
  vi.useRealTimers();
  vi.doUnmock("node:child_process");
  vi.resetModules();
});

describe("a worker's process that has ended", () => {
  it("stays gone, whatever is read of it afterwards", async () => {
    const child = Object.assign(new EventEmitter(), { pid: 4, connected: true, send: () => true, kill: () => true });
    // Other test files may have loaded the module already, with processes as they are.
    vi.resetModules();
    vi.doMock("node:child_process", () => ({ fork: () => child }));
    const { WorkerHandle } = await import("../src/worker-handle.js");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const calls: string[] = [];
    const user = new Proxy({}, { get: (_, name) => () => void calls.push(String(name)) }) as WorkerHandleUser;
    const config = { worker: 0, workers: 1, host: undefined, port: 1, cookieKey: new Uint8Array(32), data: undefined };
    const handle = new WorkerHandle(config, resolveClusterOptions({ entry: "/entry.js", workers: 1 }), user);
    child.emit("exit", 0, null);
    child.emit("message", { type: "closed" });
    expect(handle.state).toBe("gone");
    expect(calls).toEqual(["onExit"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
