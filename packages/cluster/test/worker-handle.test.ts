import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { resolveClusterOptions } from "../src/cluster-options.js";
import { NO_FIGURES } from "../src/cluster-statistics.js";
import type { ToWorker } from "../src/messages.js";
import type { WorkerHandle, WorkerHandleUser } from "../src/worker-handle.js";
import { soleWorker } from "./support/sole-worker.js";

/** Of the worker's handle: a test fakes them once its module is loaded. */
let timers: OwnTimers | undefined;

function fakeTimers(): void {
  timers?.restore();
  timers = new OwnTimers("/packages/cluster/src/", { toFake: ["setTimeout", "clearTimeout"] });
}

afterEach(() => {
  timers?.restore();
  timers = undefined;
  vi.doUnmock("node:child_process");
  vi.resetModules();
});

describe("a worker's process", () => {
  it("is told its number and whose it is before it runs any code", async () => {
    const child = Object.assign(new EventEmitter(), { pid: 4, connected: true, send: () => true, kill: () => true });
    const environments: unknown[] = [];
    const fork = (_entry: string, _args: string[], { env }: { env: Record<string, string> }) => {
      environments.push(env["SORTIE_CLUSTER_WORKER"]);
      return child;
    };
    vi.resetModules();
    vi.doMock("node:child_process", () => ({ fork }));
    const { WorkerHandle } = await import("../src/worker-handle.js");
    fakeTimers();
    const user = new Proxy({}, { get: () => () => undefined }) as WorkerHandleUser;
    const rest = { isReplacement: false, host: undefined, port: 1, cookieKey: new Uint8Array(32), data: undefined };
    const options = resolveClusterOptions({ entry: "/entry.js", workers: 1 });
    new WorkerHandle({ worker: 3, workers: 4, ...rest }, options, user);
    child.emit("exit", 0, null);
    expect(environments).toEqual([`3:${process.pid}`]);
  });
});

describe("a worker's process that has ended", () => {
  it("stays gone, whatever is read of it afterwards", async () => {
    const child = Object.assign(new EventEmitter(), { pid: 4, connected: true, send: () => true, kill: () => true });
    // Other test files may have loaded the module already, with processes as they are.
    vi.resetModules();
    vi.doMock("node:child_process", () => ({ fork: () => child }));
    const { WorkerHandle } = await import("../src/worker-handle.js");
    fakeTimers();
    const calls: string[] = [];
    const user = new Proxy({}, { get: (_, name) => () => void calls.push(String(name)) }) as WorkerHandleUser;
    const config = soleWorker();
    const handle = new WorkerHandle(config, resolveClusterOptions({ entry: "/entry.js", workers: 1 }), user);
    child.emit("exit", 0, null);
    child.emit("message", { type: "closed", figures: NO_FIGURES });
    expect(handle.state).toBe("gone");
    expect(calls).toEqual(["onExit"]);
    expect(timers?.count).toBe(0);
  });
});

describe("a worker's process that the system does not start", () => {
  const started = async (fork: () => unknown): Promise<{ handle: WorkerHandle; calls: string[] }> => {
    vi.resetModules();
    vi.doMock("node:child_process", () => ({ fork }));
    const module = await import("../src/worker-handle.js");
    fakeTimers();
    const calls: string[] = [];
    const user = new Proxy({}, { get: (_, name) => () => void calls.push(String(name)) }) as WorkerHandleUser;
    const config = soleWorker();
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
    expect(timers?.count).toBe(0);
  });
});

describe("a worker's process that answers", () => {
  const LINKS = { ports: [7], accepting: [0] };

  interface Worker {
    readonly handle: WorkerHandle;
    /** What it was told. */
    readonly sent: ToWorker[];
    /** Its end of the channel. */
    readonly child: EventEmitter;
  }

  async function opened(): Promise<Worker> {
    const sent: ToWorker[] = [];
    const send = (message: ToWorker, _handle: undefined, _options: undefined, onSent: () => void): boolean => {
      sent.push(message);
      onSent();
      return true;
    };
    const child = Object.assign(new EventEmitter(), { pid: 4, connected: true, send, kill: () => true });
    vi.resetModules();
    vi.doMock("node:child_process", () => ({ fork: () => child }));
    const module = await import("../src/worker-handle.js");
    fakeTimers();
    const user = new Proxy({}, { get: () => () => undefined }) as WorkerHandleUser;
    const config = soleWorker();
    const handle = new module.WorkerHandle(config, resolveClusterOptions({ entry: "/entry.js", workers: 1 }), user);
    const where = { address: "127.0.0.1", port: 1, family: 4, linkPort: 7, publicKey: new Uint8Array(65) };
    child.emit("message", { type: "opened", ...where });
    return { handle, sent, child };
  }

  async function serving(): Promise<Worker> {
    const worker = await opened();
    worker.child.emit("message", { type: "serving" });
    expect(worker.handle.state).toBe("serving");
    return worker;
  }

  /** Whether it takes a message, and what it is told of links, that message and a broadcast. */
  function told({ handle, sent }: Worker): unknown[] {
    sent.length = 0;
    handle.setLinks(LINKS);
    const isTaken = handle.message("hello");
    void handle.broadcast(new Uint8Array(1), {});
    return [isTaken, ...sent.map(({ type }) => type)];
  }

  it("and that closes is told all that others are told, until its server is closed", async () => {
    const worker = await serving();
    void worker.handle.close({ leaveMs: 60_000, drainMs: 0, reason: "" });
    expect(worker.handle.state).toBe("closing");
    expect(told(worker)).toEqual([true, "links", "message", "broadcast"]);
    const answer = worker.handle.broadcast(new Uint8Array(1), {});
    const [id] = worker.sent.map((message) => (message.type === "broadcast" ? message.id : -1)).slice(-1);
    worker.child.emit("message", { type: "broadcast", id, accepted: 3, error: undefined });
    expect(await answer).toBe(3);
    worker.child.emit("message", { type: "closed", figures: NO_FIGURES });
    expect(told(worker)).toEqual([false]);
    expect(await worker.handle.broadcast(new Uint8Array(1), {})).toBeUndefined();
  });

  it("and that has closed its server has said its last: its figures are kept, and it is asked no more", async () => {
    const { handle, sent, child } = await serving();
    child.emit("message", { type: "figures", id: 0, figures: { ...NO_FIGURES, cpuMs: 1, server: { peers: 3 } } });
    child.emit("message", { type: "closed", figures: { ...NO_FIGURES, cpuMs: 5, server: { peers: 0 } } });
    expect(handle.figures).toMatchObject({ cpuMs: 5, server: { peers: 0 } });
    // Those who were there a second before are the ones that were lost.
    expect(handle.peersReported).toBe(3);
    sent.length = 0;
    expect(await handle.ask()).toBeUndefined();
    expect(sent).toEqual([]);
  });

  it("that it failed to broadcast says which one did, and why", async () => {
    const { handle, child } = await serving();
    const answer = handle.broadcast(new Uint8Array(1), {});
    child.emit("message", { type: "broadcast", id: 0, accepted: 0, error: "out of memory" });
    await expect(answer).rejects.toThrow(new Error("worker 0 failed to broadcast: out of memory"));
  });

  it("and that closes is hurried where the times are shorter, and killed the sooner", async () => {
    const { handle, sent, child } = await serving();
    const kills: unknown[] = [];
    Object.assign(child, { kill: (signal: unknown) => kills.push(signal) });
    handle.hurry({ leaveMs: 0 });
    void handle.close({ leaveMs: 3_600_000, drainMs: 60_000, reason: "" });
    handle.hurry({});
    handle.hurry({ leaveMs: 3_600_000 });
    handle.hurry({ leaveMs: 10_000, drainMs: 5000 });
    expect(sent.map((message) => (message.type === "hurry" ? message.times : message.type))).toEqual([
      "close",
      { leaveMs: 3_600_000 },
      { leaveMs: 10_000, drainMs: 5000 },
    ]);
    // Beyond both times: what it has for other work, and a margin.
    vi.advanceTimersByTime(22_000);
    expect(kills).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(kills).toEqual(["SIGKILL"]);
    child.emit("message", { type: "closed", figures: NO_FIGURES });
    sent.length = 0;
    handle.hurry({ leaveMs: 0 });
    expect(sent).toEqual([]);
  });

  it("and that closes is told nothing where it has hung up, or never served", async () => {
    const gone = await serving();
    void gone.handle.close({ leaveMs: 60_000, drainMs: 0, reason: "" });
    Object.assign(gone.child, { connected: false });
    expect(told(gone)).toEqual([false]);
    const early = await opened();
    expect(told(early)).toEqual([true, "links", "message"]);
    void early.handle.close({ leaveMs: 60_000, drainMs: 0, reason: "" });
    expect(told(early)).toEqual([false]);
  });

  it("but not to a broadcast has missed it after a second", async () => {
    const { handle, sent, child } = await serving();
    const answers: (number | undefined)[] = [];
    void handle.broadcast(new Uint8Array(1), {}).then((answer) => answers.push(answer));
    await vi.advanceTimersByTimeAsync(999);
    expect(answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(answers).toEqual([undefined]);
    // It hung, and goes on: nobody asks any more.
    const { id } = sent[0] as { readonly id: number };
    child.emit("message", { type: "broadcast", id, accepted: 3, error: undefined });
    void handle.broadcast(new Uint8Array(1), {}).then((answer) => answers.push(answer));
    child.emit("message", { type: "broadcast", id: id + 1, accepted: 5, error: undefined });
    await vi.advanceTimersByTimeAsync(0);
    expect(answers).toEqual([undefined, 5]);
    expect(timers?.count).toBe(0);
  });
});
