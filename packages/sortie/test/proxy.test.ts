import { createSocket, type Socket } from "node:dgram";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { SocketAddress } from "@sortie/transport";
import { type GilbertElliott, type LinkOptions, LinkSimulator, meanLoss, PRESETS } from "@sortie/transport-memory";
import { afterEach, describe, expect, it, vi } from "vitest";
import { parseHostAndPort } from "../src/cli/host-and-port.js";
import { proxyCommand } from "../src/cli/proxy.js";
import { parseLink } from "../src/cli/proxy-link.js";

/** A proxy under test: ended by `end`, which gives what it printed to standard output. */
interface RunningProxy {
  readonly address: SocketAddress;
  /** What it printed, once it ended by itself. */
  finished(): Promise<string>;
  end(): Promise<string>;
}

/** Datagrams that a client sends at once; more than a batch holds. */
const BURST = 100;
/** What a client sends last. */
const LAST = 255;
const HAS_IPV6: boolean = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");

const sockets: Socket[] = [];
/** Ends of proxies, for those of a test that fails. */
const interrupts: (() => void)[] = [];

afterEach(async () => {
  for (const interrupt of interrupts.splice(0)) interrupt();
  vi.restoreAllMocks();
  await Promise.all(sockets.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
});

async function start(...args: string[]): Promise<RunningProxy> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  let interrupt = (): void => {};
  let ran: Promise<unknown> = Promise.resolve();
  const address = await new Promise<SocketAddress>((resolve, reject) => {
    const interrupted = new Promise<void>((done) => (interrupt = done));
    interrupts.push(interrupt);
    const command = proxyCommand({ interrupted: () => interrupted, onListening: resolve });
    ran = command
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parseAsync(args, { from: "user" });
    ran.catch(reject);
  }).finally(() => error.mockRestore());
  const finished = async (): Promise<string> => {
    await ran;
    log.mockRestore();
    return lines.join("\n");
  };
  const end = (): Promise<string> => {
    interrupt();
    return finished();
  };
  return { address, finished, end };
}

async function bind(type: "udp4" | "udp6", onMessage: (socket: Socket, bytes: Buffer, port: number) => void) {
  const socket = createSocket(type);
  sockets.push(socket);
  socket.on("message", (bytes, remote) => onMessage(socket, bytes, remote.port));
  await new Promise<void>((resolve) => socket.bind(0, type === "udp4" ? "127.0.0.1" : "::1", resolve));
  return socket;
}

/** Answers with what came. */
function echoServer(): Promise<Socket> {
  return bind("udp4", (socket, bytes, port) => socket.send(bytes, port, "127.0.0.1"));
}

describe("sortie proxy", () => {
  it("relays each client's datagrams to the target and the answers back, later and fewer", async () => {
    const server = await echoServer();
    const target = `127.0.0.1:${server.address().port}`;
    const link = ["--up", "latencyMs=20", "--down", "loss=0.5", "--seed", "4"];
    const proxy = await start(target, "--host", "127.0.0.1", "--json", ...link);
    let came = 0;
    const allCame = new Promise<void>((resolve) => server.on("message", () => ++came === 2 * BURST && resolve()));
    const answers: number[][] = [[], []];
    const clients = await Promise.all(
      answers.map((marks) => bind("udp4", (_socket, bytes) => void marks.push(bytes[0] ?? -1))),
    );
    const sendAll = (mark: number): void => {
      for (const client of clients) client.send(Uint8Array.of(mark), proxy.address.port, "127.0.0.1");
    };
    // In turn, so that no two that follow each other go to the same socket.
    for (let mark = 0; mark < BURST; mark++) sendAll(mark);
    await allCame;
    await vi.waitFor(
      () => {
        // Again and again: half of the answers are lost.
        sendAll(LAST);
        for (const marks of answers) expect(marks).toContain(LAST);
      },
      { timeout: 15_000, interval: 10 },
    );
    const summary = JSON.parse(await proxy.end());
    expect(summary).toMatchObject({ target, seed: 4, clientsSeen: 2, errors: 0 });
    expect(summary.toTarget).toMatchObject({ lost: 0, refused: 0 });
    expect(summary.toTarget.relayed).toBeGreaterThan(2 * BURST);
    expect(summary.toClient.refused).toBe(0);
    expect(summary.toClient.lost).toBeGreaterThan(summary.toClient.offered / 4);
    for (const marks of answers) expect(marks.filter((mark) => mark !== LAST).length).toBeLessThan(0.8 * BURST);
  });

  it.skipIf(!HAS_IPV6)("relays between IPv6 and IPv6, and between IPv4 and IPv6", async () => {
    const server = await bind("udp6", (socket, bytes, port) => socket.send(bytes, port, "::1"));
    const target = `[::1]:${server.address().port}`;
    const proxy = await start(target, "--json");
    for (const [type, host] of [
      ["udp6", "::1"],
      ["udp4", "127.0.0.1"],
    ] as const) {
      const answer = new Promise<string>((resolve) => {
        void bind(type, (_socket, bytes) => resolve(bytes.toString())).then((socket) =>
          socket.send(`over ${type}`, proxy.address.port, host),
        );
      });
      expect(await answer).toBe(`over ${type}`);
    }
    const summary = JSON.parse(await proxy.end());
    expect(summary).toMatchObject({ target, clientsSeen: 2, errors: 0 });
    expect(summary.listened).toBe(`[::]:${proxy.address.port}`);
    for (const way of [summary.toTarget, summary.toClient]) expect(way).toMatchObject({ relayed: 2, refused: 0 });
  });

  it("ends by itself after --seconds, and says what went through", async () => {
    const proxy = await start("127.0.0.1:9", "--host", "127.0.0.1", "--seconds", "1");
    const { port } = proxy.address;
    const output = await proxy.finished();
    expect(output).toContain(`127.0.0.1:${port} -> 127.0.0.1:9`);
    expect(output).toMatch(/ran {4}\d\.\d s, 0 clients, 0 faults/);
    expect(output).toContain("up     0 datagrams came");
  });

  it.each([
    ["nonsense", [], /"target" expected HOST:PORT/],
    ["127.0.0.1:70000", [], /"target" expected HOST:PORT/],
    ["no-such-host.invalid:1", [], /no-such-host\.invalid/],
    ["127.0.0.1:1", ["--link", "dialup"], /expected a preset, NAME=VALUE or @FILE, got "dialup"/],
    ["127.0.0.1:1", ["--link", "loss=2"], /"loss" expected 0\.\.1, got 2/],
    ["127.0.0.1:1", ["--up", "speed=2"], /expected one of the options .* got "speed"/],
    ["127.0.0.1:1", ["--up", "loss="], /"loss" expected a number, got ""/],
    ["127.0.0.1:1", ["--up", "@/no/such/file"], /no such file/],
    ["127.0.0.1:1", ["--port", "-1"], /expected an integer in 0\.\.65535, got "-1"/],
    ["127.0.0.1:1", ["--max-clients", "0"], /expected an integer in 1\.\.65536/],
    ["127.0.0.1:1", ["--host", "localhost"], /"host" expected an IPv4 or IPv6 address/],
  ])("refuses %s %s", async (target, args, message) => {
    const error: unknown = await start(target, ...args).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
  });
});

describe("a link on the command line", () => {
  it("is a preset, options, or both, the later one first", () => {
    expect(parseLink("latencyMs=50, loss=0.1")).toEqual({ latencyMs: 50, loss: 0.1 });
    expect(parseLink("satellite,latencyMs=1")).toMatchObject({ latencyMs: 1, loss: 0.005, queueBytes: 131_072 });
    const wifi = parseLink("wifi,loss=0.2") as Record<string, unknown>;
    expect(wifi).toMatchObject({ loss: 0.2, latencyMs: 15 });
    expect(wifi).not.toHaveProperty("gilbertElliott");
    expect(parseLink("burst=3,loss=0.1")).toEqual({ burst: 3, loss: 0.1 });
  });

  it("loses as much as its preset with another length of bursts", () => {
    const wifi = parseLink("wifi,burst=3") as LinkOptions;
    expect(wifi).toMatchObject({ burst: 3, latencyMs: 15 });
    expect(wifi.loss).toBeCloseTo(meanLoss(PRESETS.wifi.gilbertElliott as GilbertElliott), 12);
    expect(wifi.loss).toBeGreaterThan(0.01);
    expect(parseLink("broadband,burst=2")).toMatchObject({ loss: 0.001, burst: 2 });
    const simulator = new LinkSimulator(wifi, 1);
    for (let i = 0; i < 20_000; i++) simulator.transmit(50, i * 10);
    expect(simulator.statistics.lost / 20_000).toBeGreaterThan(0.005);
  });

  it.each([
    ["loss=0.02,wifi", PRESETS.wifi],
    ["wifi,broadband", PRESETS.broadband],
    ["broadband,wifi", PRESETS.wifi],
    ["loss=0.1,burst=4,mobile-4g", PRESETS["mobile-4g"]],
    ["wifi,burst=3,lan", PRESETS.lan],
    ["reorder=0.1,satellite", { ...PRESETS.satellite, reorder: 0.1 }],
  ])("%s has the loss, and the tail of delay, of the preset alone", (text, expected) => {
    const link = parseLink(text) as LinkOptions;
    expect(link).toEqual(expected);
    new LinkSimulator(link, 1);
  });

  it("is a trace file of either form", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sortie-proxy-"));
    const json = join(folder, "link.json");
    const mahimahi = join(folder, "link.trace");
    const trace = { format: "sortie-link-trace/1", durationMs: 100, steps: [{ atMs: 0, latencyMs: 9 }] };
    await writeFile(json, JSON.stringify(trace));
    await writeFile(mahimahi, "1\n2\n3\n");
    expect(parseLink(`wifi,@${json}`)).toMatchObject({ trace, base: { latencyMs: 15 } });
    expect(parseLink(`@${mahimahi}`)).toMatchObject({ trace: { durationMs: 3 }, base: {} });
    await writeFile(json, "{}");
    expect(() => parseLink(`@${json}`)).toThrow(`${json}: "trace.format"`);
    await rm(folder, { recursive: true });
  });
});

describe("a host and a port", () => {
  it("may be a name or an address of either family", () => {
    expect(parseHostAndPort("target", "example.net:1474")).toEqual({ host: "example.net", port: 1474 });
    expect(parseHostAndPort("target", "[::1]:1")).toEqual({ host: "::1", port: 1 });
    for (const bad of ["", "a", "a:", ":1", "::1:5", "[::1]", "a:0", "a:65536", "a:1x"]) {
      expect(() => parseHostAndPort("target", bad)).toThrow('"target" expected HOST:PORT');
    }
  });
});
