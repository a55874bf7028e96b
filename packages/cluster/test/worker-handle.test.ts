import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { resolveClusterOptions } from "../src/cluster-options.js";
import type { WorkerHandle, WorkerHandleUser } from "../src/worker-handle.js";

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

describe("a worker's process that the system does not start", () => {
  const started = async (fork: () => unknown): Promise<{ handle: WorkerHandle; calls: string[] }> => {
    vi.resetModules();
    vi.doMock("node:child_process", () => ({ fork }));
    const module = await import("../src/worker-handle.js");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const calls: string[] = [];
    const user = new Proxy({}, { get: (_, name) => () => void calls.push(String(name)) }) as WorkerHandleUser;
    const config = { worker: 0, workers: 1, host: undefined, port: 1, cookieKey: new Uint8Array(32), data: undefined };
    const handle = new module.WorkerHandle(config, resolveClusterOptions({ entry: "/entry.js", workers: 1 }), user);
    // Whoever made it has it by now, and hears of its end.
    expect([handle.state, calls]).toEqual(["starting", []]);
    return { handle, calls };
  };

  it.each<[string, () => unknown]>([
    [
      "by a throw",
      () => {
        throw new Error("spawn ENOMEM");
      },
    ],
    [
      "by an event",
      () => {
        const child = Object.assign(new EventEmitter(), { pid: undefined, connected: false, kill: () => false });
        process.nextTick(() => child.emit("error", new Error("spawn ENOMEM")));
        return child;
      },
    ],
  ])("and says so %s: has gone, and says why", async (_, fork) => {
    const { handle, calls } = await started(fork);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    handle.kill();
    await handle.close({ leaveMs: 0, drainMs: 0, reason: "" });
    expect(calls).toEqual(["onExit"]);
    expect(handle).toMatchObject({
      state: "gone",
      exitReason: "start-failed",
      failure: "spawn ENOMEM",
      pid: undefined,
    });
    expect(vi.getTimerCount()).toBe(0);
  });
});
