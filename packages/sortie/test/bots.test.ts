import { mkdtemp, rm } from "node:fs/promises";

import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { botsCommand } from "../src/cli/bots/bots.js";
import type { CrowdReport } from "../src/cli/bots/crowd-report.js";
import { MessageSource } from "../src/cli/bots/message-source.js";
import { StatusLine } from "../src/cli/bots/status-line.js";
import { createServer, generateIdentity, saveIdentity, type Server, type ServerOptions } from "../src/index.js";
import { runCommand, RunningCommand } from "./support/run-command.js";

const identity = generateIdentity();
let folder = "";
let key: string[] = [];
/** For bots that are to be let in, on a machine with other work. */
const patient = ["--timeout", "60000"];
const servers: Server<unknown>[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-bots-"));
  await saveIdentity(identity, join(folder, "root.key"));
  key = ["--protocol", "echo/1", "--key", join(folder, "root.pub"), "--seed", "7"];
});

afterAll(() => rm(folder, { recursive: true }));

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close({ drainMs: 0 })));
});

/** A server that sends back what comes, unless told otherwise. */
async function serve(options: Partial<ServerOptions<unknown>> = {}, isEchoing = true) {
  const server: Server<unknown> = createServer({
    protocol: "echo/1",
    identity,
    host: "127.0.0.1",
    port: 0,
    maxPeers: 1000,
    handshakesPerSecond: 5000,
    tickRate: 0,
    ...options,
  });
  servers.push(server);
  server.on("message", (peer, { payload, delivery, channel }) => {
    if (isEchoing) peer.send(payload, { delivery, channel });
  });
  const { port } = await server.listen();
  return { server, target: `127.0.0.1:${port}` };
}

async function run(...args: string[]): Promise<CrowdReport & { exitCode: number }> {
  const { output, exitCode } = await runCommand(botsCommand, ...args, ...key, "--json");
  return { ...(JSON.parse(output) as CrowdReport), exitCode };
}

describe("sortie bots", () => {
  it("plays hundreds of connections over two sockets, and accounts for every message", async () => {
    const { server, target } = await serve();
    const addresses = new Set<string>();
    const channels = new Set<number>();
    server.on("connect", (peer) => addresses.add(peer.address.toString()));
    server.on("message", (_peer, message) => channels.add(message.channel));
    // On a machine with other work more at once would only keep each other waiting.
    const pace = ["--ramp", "1000", "--connecting", "16", "--rate", "2", "--duration", "1", ...patient];
    const load = ["-n", "250", "--sockets", "2", ...pace];
    const report = await run(target, ...load, "--echo", "--delivery", "ordered", "--channel", "9", "--size", "20-90");
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ passed: true, exitCode: 0, bots: 250, sockets: 2, seed: 7, disconnects: {} });
    expect(report.connects).toEqual({ begun: 250, ok: 250, failed: {}, examples: {} });
    expect(report.handshakeMs?.count).toBe(250);
    expect(server.stats.peersAccepted).toBe(250);
    expect(addresses.size).toBe(2);
    expect([...channels]).toEqual([9]);
    const { messages, echoes, echoMs } = report;
    expect(messages.sent).toBeGreaterThan(150);
    expect(messages).toMatchObject({ acked: messages.sent, received: messages.sent, lost: 0, open: 0, closed: 0 });
    expect(messages.receivedBytes).toBe(messages.sentBytes);
    expect(messages.sentBytes).toBeGreaterThan(20 * messages.sent);
    expect(messages.sentBytes).toBeLessThan(90 * messages.sent);
    expect(echoes).toEqual({ received: messages.sent, missing: 0, unexpected: 0 });
    expect(echoMs?.count).toBe(messages.sent);
    expect(report.traffic.datagramsSent).toBeGreaterThan(500);
    expect(report.traffic.bytesReceived).toBeGreaterThan(messages.receivedBytes);
    expect(report.cpuSeconds).toBeGreaterThan(0);
  }, 120_000);

  it("tells of those that could not connect, by reason, and plays with the others", async () => {
    const { target } = await serve({ maxPeers: 5 });
    const report = await run(target, "-n", "8", "--ramp", "100", "--duration", "0.2", ...patient);
    expect(report).toMatchObject({ passed: false, exitCode: 1 });
    expect(report.connects).toMatchObject({ ok: 5, failed: { "server-full": 3 } });
    expect(report.connects.examples["server-full"]).toContain("has no free slot");
    const args = [target, "-n", "3", "--ramp", "100", ...patient, ...key.slice(2), "--protocol", "other/1"];
    const { output, exitCode } = await runCommand(botsCommand, ...args);
    expect(output).toContain("connected   0 of 3, on 3 sockets to");
    expect(output).toMatch(/failed +3 protocol-mismatch: .*both must name the same/);
    expect(output).toContain("verdict     failed");
    expect(output).not.toContain("\u001b");
    expect(exitCode).toBe(1);
  });

  it("gives up in time where nobody answers", async () => {
    const { server, target } = await serve();
    await server.close();
    const report = await run(target, "-n", "20", "--ramp", "1000", "--timeout", "200");
    expect(report.connects).toMatchObject({ ok: 0, failed: { timeout: 20 } });
    expect(report.exitCode).toBe(1);
  });

  it("has no more connections under way than --connecting", async () => {
    let asked = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const authenticate = (): Promise<{ accept: false }> => {
      asked += 1;
      return new Promise((resolve) => {
        waiting.push(() => resolve({ accept: false }));
        most = Math.max(most, waiting.length);
      });
    };
    const { target } = await serve({ authenticate });
    const limits = ["-n", "12", "--ramp", "10000", "--connecting", "4", ...patient];
    const running = new RunningCommand(botsCommand, [target, ...limits, ...key, "--json"]);
    for (let round = 1; round <= 3; round++) {
      await running.until(() => asked === 4 * round);
      // Time for more of them, which there is not to be.
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const refuse of waiting.splice(0)) refuse();
    }
    const report = JSON.parse((await running.result()).output) as CrowdReport;
    expect(report.connects).toMatchObject({ begun: 12, failed: { rejected: 12 } });
    expect([asked, most]).toEqual([12, 4]);
  });

  it("leaves out, and counts, what it could not send in time", async () => {
    const { server, target } = await serve();
    const args = [target, "-n", "1", "--rate", "50", "--duration", "0", ...key, "--json", ...patient];
    const running = new RunningCommand(botsCommand, args);
    let heard = 0;
    server.on("message", () => (heard += 1));
    await running.until(() => heard >= 5);
    // The whole process stands still, as on a machine that is suspended.
    for (const endMs = performance.now() + 700; performance.now() < endMs;);
    const before = heard;
    // What is made up for, and more.
    await running.until(() => heard >= before + 20);
    running.interrupt();
    const report = JSON.parse((await running.result()).output) as CrowdReport;
    expect(report.messages.skipped).toBeGreaterThan(10);
    expect(report.messages.sent).toBeGreaterThan(10);
    // The run may be longer than it was told, on a machine with other work.
    expect(report.messages.sent + report.messages.skipped).toBeLessThanOrEqual(50 * report.seconds + 2);
  });

  it("tells of connections that ended, by code and side", async () => {
    const { server, target } = await serve();
    let heard = 0;
    server.on("message", (peer) => {
      heard += 1;
      if (heard <= 2) peer.disconnect("go away");
    });
    const args = [target, "-n", "6", "--rate", "20", "--duration", "0", ...key, ...patient];
    const running = new RunningCommand(botsCommand, args);
    // Those who stay go on; the others have heard of it long before.
    await running.until(() => server.peers.size === 4 && heard >= 2 + 4 * 5);
    running.interrupt();
    const { output, exitCode } = await running.result();
    expect(output).toMatch(/ended +2 kicked by remote/);
    expect(exitCode).toBe(1);
  });

  it("misses echoes that do not come, which is a fault with a delivery that loses nothing", async () => {
    const { target } = await serve({}, false);
    const load = ["-n", "5", "--ramp", "100", "--rate", "20", "--duration", "0.3", "--echo"];
    const lossless = await run(target, ...load, "--delivery", "reliable");
    expect(lossless).toMatchObject({ exitCode: 1, echoes: { received: 0, missing: lossless.messages.sent } });
    expect(lossless.messages.sent).toBeGreaterThan(0);
    expect(lossless.faults).toEqual([`${lossless.messages.sent} echoes are missing`]);
  });

  it("takes a message for an echo where it was sent alone, and once", async () => {
    const { server, target } = await serve({}, false);
    const load = ["-n", "2", "--ramp", "100", "--rate", "20", "--duration", "0.3", "--echo", "--delivery", "reliable"];
    let isToOthers = true;
    server.on("message", (peer, { payload, delivery }) => {
      for (const other of server.peers.values()) {
        // To all but the sender, as games relay; then to the sender, but twice and every other one.
        if (isToOthers ? other !== peer : other === peer && payload[11] === 0) other.send(payload, { delivery });
        if (!isToOthers && other === peer && payload[11] === 0) other.send(payload, { delivery });
      }
    });
    const relayed = await run(target, ...load);
    const { sent, received } = relayed.messages;
    expect(received).toBeGreaterThan(0);
    expect(relayed.echoes).toEqual({ received: 0, missing: sent, unexpected: received });
    expect(relayed).toMatchObject({ passed: false, exitCode: 1 });
    expect(relayed.echoMs).toBeUndefined();
    isToOthers = false;
    const doubled = await run(target, ...load);
    // The first message of each of the two.
    expect(doubled.echoes).toEqual({ received: 2, missing: doubled.messages.sent - 2, unexpected: 2 });
    expect(doubled.exitCode).toBe(1);
    expect(doubled.echoMs?.count).toBe(2);
  });

  it("does not pass when messages were too large for the server, or none was sent", async () => {
    const { target } = await serve({ maxMessageBytes: 2000 });
    const load = ["-n", "2", "--ramp", "100", "--duration", "0.3"];
    const large = await run(target, ...load, "--delivery", "reliable", "--size", "5000");
    const refused = large.messages.refused["message-too-large"];
    expect(refused).toBeGreaterThan(0);
    expect(large).toMatchObject({ exitCode: 1, messages: { sent: 0 } });
    expect(large.faults).toEqual([`${refused} messages were too large to be sent`, "no message was sent"]);
    const idle = await run(target, ...load, "--rate", "0.001");
    expect(idle).toMatchObject({ exitCode: 1, faults: ["no message was sent"] });
    expect(await run(target, ...load, "--rate", "0")).toMatchObject({ exitCode: 0, faults: [] });
  });

  it("ends when it is interrupted, before all have been begun as well", async () => {
    const { server, target } = await serve();
    const running = new RunningCommand(botsCommand, [
      target,
      "-n",
      "50",
      "--ramp",
      "10",
      "--rate",
      "0",
      ...key,
      "--json",
    ]);
    await running.until(() => server.peers.size >= 2);
    running.interrupt();
    const { output, exitCode } = await running.result();
    const report = JSON.parse(output) as CrowdReport;
    expect(report.connects.begun).toBeLessThan(50);
    expect(report.messages.sent).toBe(0);
    expect(exitCode).toBe(1);
    await running.until(() => server.peers.size === 0);
  });

  it.each([
    ["no target", [], "missing required argument 'target'"],
    ["no trust", ["127.0.0.1:1", "--protocol", "x"], 'expected one of "--key", "--ca"'],
    ["no protocol", ["127.0.0.1:1", "--key", "x"], '"--protocol" expected'],
    ["too many bots", ["127.0.0.1:1", "-n", "200000"], "expected an integer in 1..100000"],
    ["no size", ["127.0.0.1:1", "--size", "0"], "expected bytes in 1..1048576"],
    ["a size the wrong way round", ["127.0.0.1:1", "--size", "9-5"], "such as 64 or 40-120, got"],
    ["an unknown delivery", ["127.0.0.1:1", "--delivery", "tcp"], "expected one of unreliable, sequenced"],
    ["a channel out of range", ["127.0.0.1:1", "--channel", "256"], "expected an integer in 0..255"],
    ["a rate below 0", ["127.0.0.1:1", "--rate", "-1"], "expected a number in 0..10000"],
    ["a ramp of nothing", ["127.0.0.1:1", "--ramp", "0"], "expected a number in 0.1..100000"],
  ])("refuses %s", async (_, args, message) => {
    await expect(runCommand(botsCommand, ...args)).rejects.toThrow(message);
  });

  it("refuses echoes of messages that have no room for a stamp, and names without an address", async () => {
    const args = ["127.0.0.1:1", ...key, "--echo", "--size", "8"];
    await expect(runCommand(botsCommand, ...args)).rejects.toThrow('"--size" expected at least 20 bytes with --echo');
    const nowhere = runCommand(botsCommand, "no-such-host.invalid:1", ...key);
    await expect(nowhere).rejects.toThrow("could not be resolved");
  });
});

describe("what bots send", () => {
  it("follows from the seed, and has sizes of the whole range", () => {
    const sizesOf = (seed: number): number[] => {
      const source = new MessageSource({ min: 20, max: 23 }, true, seed);
      return Array.from({ length: 100 }, () => source.next(0, 0, 1).length);
    };
    expect(sizesOf(3)).toEqual(sizesOf(3));
    expect(sizesOf(3)).not.toEqual(sizesOf(4));
    expect(new Set(sizesOf(3))).toEqual(new Set([20, 21, 22, 23]));
  });

  it("is known again by its stamp, in the run that sent it alone", () => {
    const mine = new MessageSource({ min: 20, max: 20 }, true, 3);
    const other = new MessageSource({ min: 20, max: 20 }, true, 4);
    const plain = new MessageSource({ min: 20, max: 20 }, false, 3);
    const message = mine.next(99_999, 2 ** 32 - 1, 1234.5).slice();
    expect(mine.stampOf(message)).toEqual({ bot: 99_999, sequence: 2 ** 32 - 1, sentAtMs: 1234.5 });
    expect(other.stampOf(message)).toBeUndefined();
    expect(plain.stampOf(message)).toBeUndefined();
    expect(mine.stampOf(message.subarray(0, 19))).toBeUndefined();
  });
});

describe("the status line", () => {
  it("is written on a terminal alone, as wide as that, and is gone at the end", async () => {
    const written: string[] = [];
    const stream = { columns: 20, write: (text: string) => written.push(text) };
    const line = (isTTY: boolean) => new StatusLine({ ...stream, isTTY }, 1, () => "x".repeat(100));
    const piped = line(false);
    const shown = line(true);
    while (written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    shown.end();
    piped.end();
    expect(written[0]).toBe(`\r\u001b[K${"x".repeat(19)}`);
    expect(written.at(-1)).toBe("\r\u001b[K");
  });

  it("has the usual width where the terminal does not know its own", async () => {
    const written: string[] = [];
    const stream = { isTTY: true, columns: 0, write: (text: string) => written.push(text) };
    const line = new StatusLine(stream, 1, () => "x".repeat(100));
    while (written.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    line.end();
    expect(written[0]).toBe(`\r\u001b[K${"x".repeat(79)}`);
  });
});
