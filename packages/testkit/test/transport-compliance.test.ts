import { describe, expect, it, vi } from "vitest";
import {
  testTransport,
  type TransportComplianceOptions,
  transportComplianceCases,
} from "../src/transport-compliance/index.js";
import { type Fault, LoopbackHost, LoopbackTransport } from "./loopback-transport.js";

function loopback(fault?: Fault): TransportComplianceOptions {
  return {
    setup: () => {
      const host = new LoopbackHost();
      return {
        createTransport: ({ port = 0 }) => new LoopbackTransport(host, port, fault),
        // A faulty transport must not cost the default patience for each of its failures.
        settle: async (done) => {
          for (let turn = 0; turn < 20 && !done(); turn++) await new Promise<void>((resolve) => setImmediate(resolve));
        },
      };
    },
  };
}

async function failures(fault?: Fault): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of transportComplianceCases(loopback(fault))) {
    await run().catch((error: unknown) => failed.push(`${name}: ${(error as Error).message}`));
  }
  return failed;
}

testTransport({ name: "loopback", runner: { describe, it }, ...loopback() });

describe("the suite notices", () => {
  it.each<[Fault, RegExp]>([
    ["batch-end-again-later", /^onBatchEnd follows .*batch ends without datagrams: expected 0, got 3/],
    ["batch-end-by-last-answer", /^onBatchEnd follows where only the first .*waited in vain: onBatchEnd for the first/],
    ["batch-end-missing", /^onBatchEnd follows .*waited in vain: 5 datagrams and their end/],
    ["batch-end-twice", /^onBatchEnd follows .*batch ends without datagrams: expected 0, got 3/],
    ["bytes-miscounted", /^statistics add up .*bytesSent: expected 2153, got 2265/],
    [
      "calls-inside-send",
      /^nothing is called from inside open, .*calls: .* got \["onDatagram was called from inside send"/,
    ],
    ["close-drops", /^what was sent before close arrives: waited in vain: 100 datagrams/],
    ["close-rejects-again", /^close is idempotent: closed before/],
    ["close-swallows-batches", /^no batch is lost by close, nor by send after it: free batches: expected 3, got 2/],
    ["deaf-to-own-errors", /^send before open .*sendErrors before open: expected 2, got 0/],
    ["doubles", /^one datagram arrives once.*datagrams and the marker: expected 2, got [34]/],
    ["endless-batches", /^batches come empty .*expected acquireBatch to give none at last, got more than 4096/],
    ["foreign-payload", /^one datagram arrives once.*payloads that are not plain Uint8Arrays: expected 0, got 2/],
    [
      "hands-over-after-close",
      /^what is on its way at close .*calls after close: .*"onDatagram was called after close"/,
    ],
    ["hold-takes-anything", /^holdReceive throws RangeError .*holdReceive\(-1\): expected a RangeError, got nothing/],
    ["hold-throws", /^holdReceive takes 0..100 ms .*: not implemented/],
    ["keeps-port", /^a closed port frees its address: port 1000 is in use/],
    ["leaks-batches", /^batches come empty and all come back: waited in vain/],
    ["never-writable", /^when all batches are out .*waited in vain: onWritable/],
    ["no-empty-datagrams", /^every size arrives .*waited in vain: 8 datagrams/],
    ["now-says-nothing", /^receiveNow .*receiveNow: expected a boolean, got undefined/],
    ["one-bad-target-spoils-all", /^a target that cannot be sent to .*waited in vain: 2 datagrams/],
    ["opens-twice", /^a second open rejects .*expected a rejection with "already-open"/],
    ["plain-error-later", /^a peer that is gone .*errors reported: expected 0, got 3/],
    ["reports-gone-peers", /^a peer that is gone .*errors reported: expected 0, got [123]/],
    [
      "resolve-gives-nothing",
      /^resolve rejects for a name .*expected a rejection with "name-not-found", but it resolved/,
    ],
    ["resolve-never", /^resolve rejects for a name .*waited in vain: a promise/],
    ["resolve-plain-error", /^resolve rejects for a name .*expected a TransportError, got Error: ENOTFOUND/],
    ["same-port-twice", /^a port in use rejects .*expected a rejection with "address-in-use", but it resolved/],
    ["shares-buffers", /^a sender that fills its batches again .*payloads: expected/],
    ["soon-done-all-the-same", /^receiveSoon .*calls of done.*: expected 0, got 1/],
    ["soon-done-twice", /^receiveSoon .*calls of done: expected 1, got 2/],
    ["soon-never-done", /^receiveSoon .*calls of done: expected 1, got 0/],
    ["speaks-after-close", /^the receiver hears nothing after close: calls after close/],
    ["truncates", /^every size arrives .*payloads: expected/],
    ["waited-forever", /^waitedMs, .*waitedMs: expected ms since the datagram arrived, 0 or more, got Infinity/],
    ["waited-less-than-nothing", /^waitedMs, .*0 or more, got -1/],
    ["waited-nan", /^waitedMs, .*0 or more, got NaN/],
    ["waited-since-1970", /^waitedMs, .*0 or more, got \d{13}/],
    ["writable-after-close", /^batches that come back after close .*calls after close: expected 0, got 1/],
    ["writable-inside-release", /^onWritable is not called from inside .*calls inside send: expected 0, got 1/],
    ["wrong-error-code", /^open rejects after close: open: code: expected "closed", got "system"/],
    ["wrong-source", /^one datagram arrives once.*source: expected 192.0.2.1:\d+, got 192.0.2.2:1/],
  ])("%s", async (fault, expected) => {
    const failed = await failures(fault);
    expect(
      failed.some((text) => expected.test(text)),
      failed.join("\n").slice(0, 2000),
    ).toBe(true);
  });
});

// What no rule forbids.
for (const quirk of ["copies-statistics", "one-batch-that-comes-back-late"] as const) {
  testTransport({
    name: quirk,
    runner: { describe, it },
    setup: () => {
      const host = new LoopbackHost();
      return { createTransport: ({ port = 0 }) => new LoopbackTransport(host, port, quirk) };
    },
  });
}

describe("a timestamp of the process for waitedMs", () => {
  it("is noticed where time is real", async () => {
    const host = new LoopbackHost();
    const cases = transportComplianceCases({
      setup: () => ({
        createTransport: ({ port = 0 }) => {
          const transport = new LoopbackTransport(host, port);
          const open = transport.open.bind(transport);
          transport.open = (receiver) => {
            const onDatagram = receiver.onDatagram.bind(receiver);
            receiver.onDatagram = (payload, from) => onDatagram(payload, from, 3_600_000 + performance.now());
            return open(receiver);
          };
          return transport;
        },
      }),
    });
    const one = cases.find(({ name }) => name.startsWith("waitedMs"));
    await expect(one?.run()).rejects.toThrow(/waitedMs: expected ms since the datagram arrived, 0 or more, got 3\d{6}/);
  });
});

describe("transportComplianceCases", () => {
  it("have names of their own", () => {
    const names = transportComplianceCases(loopback()).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(46);
  });

  it("run setup and teardown once each, after all transports are closed, also after a failure", async () => {
    for (const fault of [undefined, "wrong-source"] as const) {
      const created: LoopbackTransport[] = [];
      const environment = await loopback(fault).setup();
      let setups = 0;
      let teardowns = 0;
      const cases = transportComplianceCases({
        setup: () => {
          setups++;
          return {
            ...environment,
            createTransport: (options) => {
              const transport = environment.createTransport(options) as LoopbackTransport;
              created.push(transport);
              return transport;
            },
          };
        },
        teardown: () => {
          teardowns++;
          expect(created.every(({ localAddress }) => localAddress === undefined)).toBe(true);
        },
      });
      const one = cases.find(({ name }) => name.startsWith("one datagram arrives once"));
      const outcome = await one?.run().then(
        () => "passed",
        () => "failed",
      );
      expect(outcome).toBe(fault === undefined ? "passed" : "failed");
      expect([setups, teardowns, created.length]).toEqual([1, 1, 2]);
    }
  });
});

describe("the default patience", () => {
  it("lets the event loop turn under fake timers too", async () => {
    const host = new LoopbackHost();
    const cases = transportComplianceCases({
      setup: () => ({ createTransport: ({ port = 0 }) => new LoopbackTransport(host, port) }),
    });
    // The transport's own turns are setImmediate; a real one's come from a socket.
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] });
    try {
      await cases.find(({ name }) => name.startsWith("one datagram arrives once"))?.run();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("testTransport", () => {
  it("registers one test for each case with the runner it is given", () => {
    const registered: string[] = [];
    testTransport({
      ...loopback(),
      name: "mine",
      runner: {
        describe: (name, body) => {
          registered.push(name);
          body();
        },
        it: (name) => registered.push(name),
      },
    });
    const names = transportComplianceCases(loopback()).map(({ name }) => name);
    expect(registered).toEqual(["mine: transport compliance", ...names]);
  });

  it("without a runner, and without global ones, throws", () => {
    expect("describe" in globalThis).toBe(false);
    expect(() => testTransport(loopback())).toThrow(
      new TypeError('"runner" expected { describe, it }, as there are no global ones, got undefined'),
    );
  });
});
