import type { Server } from "@sortie/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WorkerRuntime } from "../src/cluster-worker.js";
import type { MainChannel } from "../src/main-channel.js";
import { soleWorker } from "./support/sole-worker.js";

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
    const config = soleWorker();
    const runtime = new WorkerRuntime(channel as unknown as MainChannel, config);
    let announced = 0;
    runtime.worker.on("close", () => void (announced += 1));
    runtime.onServerClosed();
    runtime.onMainGone();
    expect(announced).toBe(0);
    expect(sent).toMatchObject([{ type: "closed", figures: { server: undefined } }]);
  });

  it("says with its last word what it has counted until then", () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    vi.spyOn(process, "on").mockReturnThis();
    const sent: unknown[] = [];
    const channel = { send: (message: unknown) => void sent.push(message), leave: () => void sent.push("leaves") };
    const runtime = new WorkerRuntime(channel as unknown as MainChannel, soleWorker());
    runtime.server = { on: () => undefined, stats: { peers: 0, peersAccepted: 9 } } as unknown as Server;
    runtime.counters.newcomers = 4;
    runtime.onServerClosed();
    const figures = { server: { peersAccepted: 9 }, forwarding: { newcomers: 4 }, cpuMs: expect.any(Number) as number };
    expect(sent).toMatchObject([{ type: "closed", figures }, "leaves"]);
  });
});

describe("a worker that has closed its server", () => {
  it("hears what was sent to it before the main process knew, and does nothing else that it is told", () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    vi.spyOn(process, "on").mockReturnThis();
    const sent: { readonly type: string }[] = [];
    const channel = { send: (message: { readonly type: string }) => void sent.push(message), leave: () => undefined };
    const runtime = new WorkerRuntime(channel as unknown as MainChannel, soleWorker());
    const heard: unknown[] = [];
    runtime.worker.on("message", (message) => void heard.push(message));
    runtime.onServerClosed();
    runtime.onMessage({ type: "ask", id: 1 });
    runtime.onMessage({ type: "broadcast", id: 2, payload: new Uint8Array(1), options: {} });
    runtime.onMessage({ type: "close", leaveMs: 0, drainMs: 0, reason: "" });
    runtime.onMessage({ type: "message", message: "hello" });
    expect(sent.map(({ type }) => type)).toEqual(["closed"]);
    expect(heard).toEqual(["hello"]);
  });
});

describe("a worker whose main process goes", () => {
  const SIGNALS = ["SIGINT", "SIGTERM"] as const;
  const CLOSE = { leaveMs: 3_600_000, drainMs: 100, reason: "end of the round" };
  const AT_ONCE = { leaveMs: 0, drainMs: 0 };

  /** How its server is closed, and what its application hears. */
  function running(): { readonly runtime: WorkerRuntime; readonly calls: unknown[]; readonly heard: unknown[] } {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const channel = { send: () => undefined, leave: () => undefined };
    const config = soleWorker();
    const runtime = new WorkerRuntime(channel as unknown as MainChannel, config);
    const calls: unknown[] = [];
    const close = (options: unknown): Promise<void> => {
      calls.push(options);
      return Promise.resolve();
    };
    runtime.server = { on: () => undefined, close } as unknown as Server;
    runtime.reportServing();
    const heard: unknown[] = [];
    runtime.worker.on("close", (request) => void heard.push(request));
    return { runtime, calls, heard };
  }

  it("gives its peers no more time, and obeys signals once its server is closed", () => {
    const before = SIGNALS.map((signal) => process.listenerCount(signal));
    const { runtime, calls, heard } = running();
    const listened = (): number[] => SIGNALS.map((signal, i) => process.listenerCount(signal) - (before[i] as number));
    runtime.onMessage({ type: "close", ...CLOSE });
    runtime.onMessage({ type: "hurry", times: { leaveMs: 60_000 } });
    runtime.onMainGone();
    expect(calls).toEqual([CLOSE, { leaveMs: 60_000 }, AT_ONCE]);
    expect(heard).toEqual([CLOSE]);
    expect(listened()).toEqual([1, 1]);
    runtime.onServerClosed();
    expect(listened()).toEqual([0, 0]);
  });

  it("closes its server, and makes none any more", () => {
    const { runtime, calls, heard } = running();
    expect(() => runtime.checkWantsServer()).toThrow("expected to be called once in a worker");
    runtime.onMainGone();
    expect(calls).toMatchObject([AT_ONCE]);
    expect(heard).toEqual(calls);
    runtime.onServerClosed();
    const gone = early();
    gone.onMainGone();
    expect(() => gone.checkWantsServer()).toThrow(expect.objectContaining({ code: "main-gone" }));
  });

  /** One without a server yet. */
  function early(): WorkerRuntime {
    vi.spyOn(process, "on").mockReturnThis();
    const channel = { send: () => undefined, leave: () => undefined };
    const config = soleWorker();
    const runtime = new WorkerRuntime(channel as unknown as MainChannel, config);
    runtime.checkWantsServer();
    return runtime;
  }
});
