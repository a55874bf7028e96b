import { describe, expect, it } from "vitest";
import { LinkSimulator } from "../src/link.js";
import { type LinkTrace, linkTraceFromMahimahi, parseLinkTrace } from "../src/link-trace.js";
import { LinkTraceRecorder } from "../src/link-trace-recorder.js";
import { createNetwork } from "../src/network.js";
import { Recorder, send as sendBatch } from "./recorder.js";

const FORMAT = "sortie-link-trace/1";

function traceOf(durationMs: number, steps: LinkTrace["steps"]): LinkTrace {
  return { format: FORMAT, durationMs, steps };
}

/** Sends one datagram and gives its delay, or why it did not arrive. */
function send(link: LinkSimulator, nowMs: number, bytes: number = 1000): number | string {
  return link.transmit(bytes, nowMs) === 0 ? link.verdict : link.arrivalMs(0) - nowMs;
}

describe("a link that replays a trace", () => {
  it("is as its steps say, from the first datagram on, round after round", () => {
    const trace = traceOf(300, [
      { atMs: 0, latencyMs: 10 },
      { atMs: 100, latencyMs: 30 },
      { atMs: 200, loss: 1 },
    ]);
    const link = new LinkSimulator({ trace, base: { latencyMs: 5 } }, 1);
    const startMs = 5000;
    const at = (ms: number): number | string => send(link, startMs + ms);
    expect([at(0), at(99), at(100), at(199), at(200), at(299)]).toEqual([10, 10, 30, 30, "lost", "lost"]);
    expect([at(300), at(400), at(500)]).toEqual([10, 30, "lost"]);
    expect(at(300_000 + 150)).toBe(30);
  });

  it("keeps what the steps leave out from its other options, a preset's too", () => {
    const trace = traceOf(100, [{ atMs: 0, latencyMs: 7 }]);
    expect(send(new LinkSimulator({ trace, base: { mtu: 500, overheadBytes: 28 } }, 1), 0)).toBe("too-big");
    const wifi = new LinkSimulator({ trace, base: "wifi" }, 1);
    expect(send(wifi, 0)).toBeGreaterThan(7);
    expect(wifi.statistics.offered).toBe(1);
  });

  it("lets the queue go at the rates of the steps to come", () => {
    const trace = traceOf(300, [
      { atMs: 0, bandwidthBytesPerSecond: 10_000 },
      { atMs: 100, bandwidthBytesPerSecond: 0 },
      { atMs: 200, bandwidthBytesPerSecond: 100_000 },
    ]);
    const link = new LinkSimulator({ trace, base: { queueBytes: 1e6 } }, 1);
    // 1000 bytes by 100 ms, nothing for 100 ms, then 100 bytes a ms, and again 10 a ms from 300 ms on.
    expect(send(link, 0)).toBe(100);
    expect(send(link, 0)).toBe(210);
    expect(link.queueingDelayMs(0)).toBe(210);
    expect(link.queuedBytes(150)).toBe(1000);
    expect(send(link, 150, 9000)).toBe(150);
    expect(send(link, 150, 500)).toBe(200);
    expect(link.queuedBytes(1000)).toBe(0);
  });

  it("skips whole rounds for a queue of many", () => {
    const trace = traceOf(10, [
      { atMs: 0, bandwidthBytesPerSecond: 1000 },
      { atMs: 5, bandwidthBytesPerSecond: 0 },
    ]);
    const link = new LinkSimulator({ trace, base: { queueBytes: 2 ** 40 } }, 1);
    // 5 bytes a round.
    expect(send(link, 0, 5_000_003)).toBe(1_000_000 * 10 + 3);
  });

  it("drops the queue's rest where a step has no limit", () => {
    const trace = traceOf(200, [{ atMs: 0, bandwidthBytesPerSecond: 1000 }, { atMs: 100 }]);
    const link = new LinkSimulator({ trace }, 1);
    expect(send(link, 0, 10_000)).toBe(100);
    expect(send(link, 100)).toBe(0);
  });

  it("lets new datagrams overtake old ones where the latency falls, as configure does, and nowhere else", () => {
    const trace = traceOf(1000, [
      { atMs: 0, latencyMs: 600 },
      { atMs: 10, latencyMs: 20 },
      { atMs: 20, latencyMs: 20, jitterMs: 5 },
    ]);
    const link = new LinkSimulator({ trace }, 1);
    const configured = new LinkSimulator({ latencyMs: 600 }, 1);
    expect([send(link, 0), send(configured, 0)]).toEqual([600, 600]);
    configured.configure({ latencyMs: 20 }, 10);
    expect([send(link, 11), send(configured, 11)]).toEqual([20, 20]);
    const later = [20, 20.1, 20.2].map((nowMs) => nowMs + (send(link, nowMs) as number));
    expect(later).toEqual(later.toSorted((a, b) => a - b));
    expect(later.at(-1)).toBeLessThanOrEqual(45.2);
  });

  it("gives way to other options, and begins anew when it is set again", () => {
    const trace = traceOf(1000, [
      { atMs: 0, latencyMs: 3 },
      { atMs: 500, latencyMs: 90 },
    ]);
    const link = new LinkSimulator({ trace }, 1);
    expect(send(link, 0)).toBe(3);
    link.configure({ latencyMs: 20 }, 600);
    expect(send(link, 600)).toBe(20);
    link.configure({ trace }, 700);
    expect(send(link, 800)).toBe(3);
    expect(send(link, 1300)).toBe(90);
  });

  it.each([
    [{ format: "other" }, '"trace.format" expected "sortie-link-trace/1", got "other"'],
    [traceOf(100, []), '"trace.steps.length"'],
    [traceOf(100, [{ atMs: 1 }]), '"trace.steps[0].atMs" expected 0, got 1'],
    [traceOf(100, [{ atMs: 0 }, { atMs: 0 }]), '"trace.steps[1].atMs" expected more than 0'],
    [traceOf(100, [{ atMs: 0 }, { atMs: 100 }]), '"trace.durationMs" expected more than'],
    [traceOf(Number.NaN, [{ atMs: 0 }]), '"trace.durationMs"'],
    [traceOf(1e-300, [{ atMs: 0 }]), '"trace.durationMs" expected at least 1, got 1e-300'],
    [traceOf(100, [{ atMs: 0, loss: 2 }]), '"trace.steps[0]": "loss" expected 0..1, got 2'],
    [traceOf(100, [{ atMs: 0, bandwidthBytesPerSecond: 0 }]), '"trace.steps" expected one with a bandwidth above 0'],
    [{ format: FORMAT, durationMs: 1, steps: [null] }, '"trace.steps[0]" expected an object'],
    [{ format: FORMAT, durationMs: 1 }, '"trace.steps" expected an array'],
    [null, '"trace.format"'],
    [{ ...traceOf(100, [{ atMs: 0 }]), step: 1 }, '"trace" expected only format, name, durationMs, steps, got "step"'],
    [{ ...traceOf(100, [{ atMs: 0 }]), name: 1 }, '"trace.name" expected a string, got 1'],
    [{ format: FORMAT, durationMs: 1, steps: [{ atMs: 0, latencyms: 4 }] }, '"latencyMs", got "latencyms"'],
    [{ format: FORMAT, durationMs: 1, steps: [{ atMs: 0, latency: 4 }] }, '"trace.steps[0]": "link" expected only'],
    [{ format: FORMAT, durationMs: 1, steps: [{ atMs: 0, latencyMs: null }] }, '"latencyMs" expected 0..86400000'],
    [{ format: FORMAT, durationMs: 1, steps: [{ atMs: 0, gilbertElliott: null }] }, '"gilbertElliott" expected an obj'],
    [traceOf(100, [{ atMs: 0, burst: 4 }]), '"trace.steps[0]": "burst" expected with "loss", got it without'],
  ])("refuses %j", (trace, message) => {
    expect(() => new LinkSimulator({ trace: trace as LinkTrace }, 1)).toThrow(RangeError);
    expect(() => new LinkSimulator({ trace: trace as LinkTrace }, 1)).toThrow(message);
    expect(() => parseLinkTrace(JSON.stringify(trace))).toThrow(message);
  });

  it("is read from JSON", () => {
    const trace = traceOf(100, [{ atMs: 0, latencyMs: 12, loss: 0.1 }]);
    expect(parseLinkTrace(JSON.stringify(trace))).toEqual(trace);
    expect(() => parseLinkTrace("{")).toThrow('"trace" expected JSON');
  });
});

describe("a trace of Mahimahi's", () => {
  it("becomes the rates of its windows", () => {
    const trace = linkTraceFromMahimahi("0\n50\n50\n\n150\n250\n", 100);
    expect(trace.durationMs).toBe(250);
    expect(trace.steps).toEqual([
      { atMs: 0, bandwidthBytesPerSecond: 45_000 },
      { atMs: 100, bandwidthBytesPerSecond: 15_000 },
      { atMs: 200, bandwidthBytesPerSecond: 30_000 },
    ]);
  });

  it("of 12 Mbit/s lets 12 Mbit/s through", () => {
    const text = Array.from({ length: 1000 }, (_, i) => `${i + 1}`).join("\n");
    const trace = linkTraceFromMahimahi(text);
    const link = new LinkSimulator({ trace, base: { queueBytes: 1e9 } }, 1);
    const arrivals = Array.from({ length: 5000 }, () => send(link, 0, 1500) as number);
    expect(Math.abs((arrivals.at(-1) as number) - 5000)).toBeLessThan(5);
  });

  it.each([["1\nx"], ["5\n4"], ["-1"], ["1.5"], ["1", 0]])("refuses %j", (text, windowMs = 100) => {
    expect(() => linkTraceFromMahimahi(text, windowMs)).toThrow(RangeError);
  });
});

describe("a recorder of traces", () => {
  it("tells latency, jitter and loss of each window, and keeps them where nothing was sent", () => {
    const recorder = new LinkTraceRecorder({ windowMs: 50, name: "made up" });
    recorder.add(100, 1000, 1020);
    recorder.add(100, 1010, 1040);
    recorder.add(100, 1020, undefined);
    recorder.add(100, 1030, 1070);
    recorder.add(100, 1100, undefined);
    expect(recorder.trace()).toEqual({
      format: FORMAT,
      name: "made up",
      durationMs: 150,
      steps: [
        { atMs: 0, latencyMs: 20, jitterMs: 20, loss: 0.25 },
        { atMs: 50, latencyMs: 20, jitterMs: 20, loss: 0.25 },
        { atMs: 100, loss: 1 },
      ],
    });
  });

  it("of a network brings its delay and loss back when it is replayed", async () => {
    const network = createNetwork({ seed: 3, link: { latencyMs: 40, jitterMs: 20, loss: 0.1 } });
    const sender = network.createTransport();
    const receiver = network.createTransport({ port: 1474 });
    await network.clock.runUntilSettled(sender.open(new Recorder()));
    const target = await network.clock.runUntilSettled(receiver.open(new Recorder()));
    const recorder = new LinkTraceRecorder({ windowMs: 1000 });
    network.tap((datagram, _from, _to, verdict, nowMs) => {
      const sentAtMs = new DataView(datagram.buffer, datagram.byteOffset).getFloat64(0);
      if (verdict === "delivered") recorder.add(datagram.length, sentAtMs, nowMs);
      if (verdict === "lost") recorder.add(datagram.length, sentAtMs, undefined);
    });
    for (let i = 0; i < 3000; i++) {
      const datagram = new Uint8Array(100);
      new DataView(datagram.buffer).setFloat64(0, network.clock.now());
      sendBatch(sender, target, datagram);
      network.clock.advanceBy(30);
    }
    const trace = recorder.trace();
    const replay = new LinkSimulator({ trace }, 4);
    const delays = [];
    for (let i = 0; i < 3000; i++) if (replay.transmit(100, i * 30) > 0) delays.push(replay.arrivalMs(0) - i * 30);
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    expect(Math.abs(mean - 50)).toBeLessThan(2);
    expect(Math.abs(delays.length / 3000 - 0.9)).toBeLessThan(0.02);
  });

  it("of a saturated link tells its rate, and the delay without the queue", () => {
    const link = new LinkSimulator({ latencyMs: 25, bandwidthBytesPerSecond: 100_000 }, 1);
    const recorder = new LinkTraceRecorder({ windowMs: 500, isSaturated: true });
    for (let nowMs = 0; nowMs < 10_000; nowMs += 5) {
      const copies = link.transmit(1000, nowMs);
      recorder.add(1000, nowMs, copies > 0 ? link.arrivalMs(0) : undefined);
    }
    const { steps } = recorder.trace();
    expect(steps[0]?.latencyMs).toBe(35);
    for (const { bandwidthBytesPerSecond = 0 } of steps.slice(1)) {
      expect(Math.abs(bandwidthBytesPerSecond / 100_000 - 1)).toBeLessThan(0.03);
    }
  });

  it("of a saturated link goes on to the arrivals when they come after all that was sent", () => {
    const recorder = new LinkTraceRecorder({ windowMs: 100, isSaturated: true });
    for (let i = 0; i < 100; i++) recorder.add(1000, i, 150 + i * 2);
    const trace = recorder.trace();
    // The last window is left out: the queue ran out within it.
    expect(trace).toMatchObject({
      durationMs: 300,
      steps: [0, 250_000, 500_000].map((bandwidthBytesPerSecond, i) => ({ atMs: i * 100, bandwidthBytesPerSecond })),
    });
    expect(() => new LinkSimulator({ trace }, 1)).not.toThrow();
    const single = new LinkTraceRecorder({ windowMs: 100, isSaturated: true });
    single.add(1000, 0, 420);
    expect(single.trace()).toMatchObject({ durationMs: 500 });
    expect(() => new LinkSimulator({ trace: single.trace() }, 1)).not.toThrow();
  });

  it("of a saturated link whose arrivals are past its last window knows no rate", () => {
    const recorder = new LinkTraceRecorder({ windowMs: 1, isSaturated: true });
    recorder.add(1000, 0, 100_000);
    expect(() => recorder.trace()).toThrow("the rate of the link is not known");
  });

  it("of equal delays has no jitter, whatever the rounding", () => {
    const recorder = new LinkTraceRecorder({ windowMs: 100 });
    for (let i = 0; i < 10; i++) recorder.add(100, 0, 0.1);
    expect(recorder.trace().steps).toEqual([{ atMs: 0, latencyMs: 0.1, jitterMs: 0, loss: 0 }]);
  });

  it("takes 100,000 windows and no more, and nothing from before it began", () => {
    const recorder = new LinkTraceRecorder({ windowMs: 1 });
    expect(recorder.add(1, 50, 60)).toBe(true);
    expect(recorder.add(1, 49, 60)).toBe(false);
    expect(recorder.add(1, 50 + 99_999, 50 + 100_050)).toBe(true);
    expect(recorder.add(1, 50 + 100_000, 50 + 100_050)).toBe(false);
    expect(recorder.trace().durationMs).toBe(100_000);
  });

  it("is a day long at the most, as traces are", () => {
    const recorder = new LinkTraceRecorder({ windowMs: 60_000 });
    expect(recorder.add(1, 0, 10)).toBe(true);
    expect(recorder.add(1, 86_399_999, 86_400_010)).toBe(true);
    expect(recorder.add(1, 86_400_000, 86_400_010)).toBe(false);
    expect(new LinkSimulator({ trace: recorder.trace() }, 1).transmit(100, 0)).toBe(1);
  });

  it("of a saturated link has rates that a trace may have, or none at all", () => {
    const silent = new LinkTraceRecorder({ isSaturated: true });
    silent.add(1000, 0, undefined);
    expect(() => silent.trace()).toThrow("nothing that was recorded arrived");
    const slow = new LinkTraceRecorder({ windowMs: 60_000, isSaturated: true });
    slow.add(20, 0, 100);
    const trace = slow.trace();
    expect(trace.steps).toMatchObject([{ bandwidthBytesPerSecond: 1 }]);
    expect(() => new LinkSimulator({ trace }, 1)).not.toThrow();
  });

  it("refuses a bad window, and has no trace of nothing", () => {
    expect(() => new LinkTraceRecorder({ windowMs: 0 })).toThrow('"windowMs"');
    const misspelt = { isSaturatd: true };
    expect(() => new LinkTraceRecorder(misspelt as object)).toThrow('"options" expected only windowMs');
    expect(() => new LinkTraceRecorder({ name: 5 as never })).toThrow('"name" expected a string, got 5');
    expect(() => new LinkTraceRecorder().trace()).toThrow("nothing was recorded");
  });
});
