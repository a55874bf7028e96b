import { EventEmitter, once } from "node:events";
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { stripVTControlCharacters } from "node:util";
import { createMetrics, createMetricsListener, type MetricsListener, type ServerMetrics } from "@sortie/metrics";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { onPortAside } from "../../../tests/support/port-aside.js";
import type { CommandHost } from "../src/cli/command-host.js";
import { SORT_KEYS } from "../src/cli/top/metrics-api.js";
import { topCommand } from "../src/cli/top/top.js";
import { connect, createServer, generateIdentity, type Server } from "../src/index.js";
import { runCommand, RunningCommand } from "./support/run-command.js";

const TOKEN = "a-long-random-operator-token";
let server: Server<unknown>;
let metrics: ServerMetrics;
let listener: MetricsListener;
let url = "";
const fakes: HttpServer[] = [];

beforeAll(async () => {
  const identity = generateIdentity();
  server = createServer({ protocol: "arena/1", identity, host: "127.0.0.1", port: 0, tickRate: 30 });
  const { port } = await server.listen();
  metrics = createMetrics(server, { describePeer: ({ id }) => `player\u001b[31m-${id}` });
  listener = createMetricsListener(metrics, { port: 0, token: TOKEN });
  url = `http://127.0.0.1:${(await listener.listen()).port}`;
  const target = { host: "127.0.0.1", port, protocol: "arena/1", serverKey: identity.publicKey };
  await Promise.all([1, 2, 3].map(() => connect(target)));
  await vi.waitFor(() => expect(metrics.peers()).toHaveLength(3), { timeout: 15_000, interval: 20 });
});

afterAll(async () => {
  metrics.close();
  await listener.close();
  await server.close({ drainMs: 0 });
});

afterEach(() => {
  for (const fake of fakes.splice(0)) {
    fake.close();
    fake.closeAllConnections();
  }
});

/** Something else than a metrics listener. */
async function fake(answer: RequestListener, port = 0): Promise<string> {
  const http = createHttpServer(answer);
  await once(http.listen(port, "127.0.0.1"), "listening");
  fakes.push(http);
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const top = (...args: string[]) => runCommand(topCommand, ...args);

describe("sortie top", () => {
  it("knows the keys that the listener sorts by, and no others", async () => {
    const ask = (sort: string) =>
      fetch(`${url}/api/peers?sort=${sort}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    for (const key of SORT_KEYS) expect((await ask(key)).status, key).toBe(200);
    // The refusal names all of them.
    expect(await (await ask("name")).text()).toContain(`one of ${SORT_KEYS.join(", ")}`);
  });

  it("prints the server's figures once where there is no terminal", async () => {
    const { output, exitCode } = await top(url, "--token", TOKEN, "--sort", "id");
    expect(output).toContain(`sortie top  ${url}/  UDP 127.0.0.1:${server.address?.port}`);
    expect(output).toMatch(/^peers {2}3, 0 half-open, 3 ever; CPU/m);
    expect(output).toMatch(/^ticks {2}\d+\/s of 30; busy p50/m);
    expect(output).toMatch(/^drops {2}0\/s/m);
    expect(output).toMatch(/ID\+ NAME/);
    for (const { id, address } of server.peers.values()) {
      expect(output).toMatch(
        new RegExp(`^ +${id} player\\[31m-${id} +${address.toString().replaceAll(".", "\\.")} `, "m"),
      );
    }
    expect(output).not.toContain("\u001b");
    expect(exitCode).toBe(0);
  });

  it("prints one object with --json, and asks for what it is told to", async () => {
    const args = ["--json", "--sort", "id", "--order", "desc", "--peers", "2"];
    const { output } = await top(`${url}/#token=${TOKEN}`, ...args);
    const reading = JSON.parse(output) as { totalPeers: number; peers: { label: string; numbers: { id: number } }[] };
    expect(reading.totalPeers).toBe(3);
    const ids = [...server.peers.keys()].sort((a, b) => b - a);
    expect(reading.peers.map(({ numbers }) => numbers.id)).toEqual(ids.slice(0, 2));
    const found = await top(url, "--token", TOKEN, "--json", "--search", `m-${ids[0]}`);
    expect(JSON.parse(found.output)).toMatchObject({ peers: [{ label: `player[31m-${ids[0]}` }] });
  });

  it("takes the token from the environment", async () => {
    vi.stubEnv("SORTIE_METRICS_TOKEN", TOKEN);
    try {
      expect((await top(url, "--json")).exitCode).toBe(0);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("says what to do without a token, and never repeats a wrong one", async () => {
    await expect(top(url)).rejects.toThrow("give it in the environment as SORTIE_METRICS_TOKEN, or with --token");
    const wrong = top(url, "--token", "not-the-right-token");
    await expect(wrong).rejects.toThrow("takes this one for wrong");
    await expect(wrong).rejects.not.toThrow("not-the-right-token");
  });

  it.each<[string, RequestListener, string]>([
    ["a page", (_request, response) => void response.end("<html>"), "not in JSON"],
    ["another API", (_request, response) => void response.end('{"ok":true}'), 'not as @sortie/metrics does: "summary'],
    ["an error", (_request, response) => void response.writeHead(500).end(), "answers 500 to api/"],
    ["a way elsewhere", (_request, response) => void response.writeHead(302, { location: "/x" }).end(), "no answer"],
    ["no end", (_request, response) => void response.end(Buffer.alloc(5e6, "1")), "more than 4194304 bytes came"],
  ])("refuses %s", async (_, answer, message) => {
    await expect(top(await fake(answer), "--token", TOKEN)).rejects.toThrow(message);
  });

  it("says that nobody listens", async () => {
    const gone = await onPortAside((port) => fake(() => {}, port));
    for (const http of fakes.splice(0)) await new Promise((resolve) => http.close(resolve));
    await expect(top(gone)).rejects.toThrow(/no answer from .*: connect ECONNREFUSED/);
  });

  it.each([
    ["no URL", [], "missing required argument 'url'"],
    ["another protocol", ["ftp://x"], '"url" expected one such as http://127.0.0.1:9474'],
    ["no URL at all", ["127.0.0.1"], '"url" expected one such as'],
    ["an unknown key", ["http://x", "--sort", "name"], "expected one of id, address, label"],
    ["too many peers", ["http://x", "--peers", "501"], "expected an integer in 1..500"],
    ["an interval that burdens", ["http://x", "--interval", "10"], "expected a number in 250..60000"],
    ["a token that is none", ["http://x", "--token", "a b"], '"token" expected'],
  ])("refuses %s", async (_, args, message) => {
    await expect(top(...args)).rejects.toThrow(message);
  });
});

describe("secrets in the URL of sortie top", () => {
  it.each([
    ["a user and a password", "http://ann:hunter2@127.0.0.1:1/"],
    ["a password alone", "http://:hunter2@127.0.0.1:1/"],
    ["a user alone", "https://hunter2@127.0.0.1:1/"],
    ["a password without a scheme", "ann:hunter2@127.0.0.1:1"],
    ["a password, and another scheme", "ftp://ann:hunter2@127.0.0.1"],
    ["a token, and another scheme", "ftp://127.0.0.1:1/#token=hunter2"],
  ])("are refused and not shown: %s", async (_, secret) => {
    const refused = top(secret);
    const words = secret.includes("@") ? "one without user and password.*SORTIE_METRICS_TOKEN" : "one such as http";
    await expect(refused).rejects.toThrow(new RegExp(`^"url" expected ${words}`));
    await expect(refused).rejects.not.toThrow("hunter2");
  });
});

describe("sortie top on a terminal", () => {
  /** A terminal of which all that is written is kept. */
  function terminal(size = { columns: 100, rows: 24 }) {
    const written: string[] = [];
    const keys = Object.assign(new EventEmitter(), {
      isTTY: true,
      setRawMode: () => {},
      resume: () => {},
      pause: () => {},
    });
    let heard = (): void => {};
    const write = (text: string): void => {
      written.push(text);
      heard();
    };
    const out = { isTTY: true, ...size, write };
    const make = (host: CommandHost) => topCommand(host, { out, keys, ending: new EventEmitter() });
    const onWrite = (listener: () => void): void => void (heard = listener);
    return { written, keys, make, onWrite, frames: () => written.filter((text) => text.startsWith("\u001b[H")) };
  }

  it("shows the figures anew, sorts by key, and leaves the terminal as it was", async () => {
    const { written, keys, make, frames } = terminal();
    const running = new RunningCommand(make, [url, "--token", TOKEN, "--interval", "250"]);
    await running.until(() => frames().length >= 2);
    expect(frames()[0]).toContain("RTT ms-");
    keys.emit("data", "s");
    await running.until(() => (frames().at(-1) ?? "").includes("LOSS-"));
    keys.emit("data", "r");
    await running.until(() => (frames().at(-1) ?? "").includes("LOSS+"));
    keys.emit("data", "q");
    expect((await running.result()).exitCode).toBe(0);
    expect(written[0]).toBe("\u001b[?1049h\u001b[?25l");
    expect(written.at(-1)).toBe("\u001b[?25h\u001b[?1049l");
  });

  it("shows the figures on a terminal that does not know its size", async () => {
    const { make, frames, keys } = terminal({ columns: 0, rows: 0 });
    const running = new RunningCommand(make, [url, "--token", TOKEN, "--interval", "250"]);
    await running.until(() => frames().length >= 1);
    expect(stripVTControlCharacters(frames()[0] ?? "")).toMatch(/peers {2}3, 0 half-open/);
    keys.emit("data", "q");
    await running.result();
    const once = await new RunningCommand(make, [url, "--token", TOKEN, "--once"]).result();
    expect(once.output).toMatch(/ID.* ADDRESS/);
  });

  it("asks anew for a key that says so, pressed at any time, and for no other", async () => {
    const { keys, make, frames, onWrite } = terminal();
    // While the first figures are drawn, long before the next ones are due.
    onWrite(() => {
      if (frames().length === 1) keys.emit("data", "s");
    });
    const running = new RunningCommand(make, [url, "--token", TOKEN, "--interval", "60000"]);
    await running.until(() => (frames().at(-1) ?? "").includes("LOSS-"));
    expect(frames()).toHaveLength(2);
    keys.emit("data", "xyz \u001b[A");
    // What was asked for in between would be answered by then.
    for (let i = 0; i < 5; i++) await (await fetch(url)).text();
    keys.emit("data", "r");
    await running.until(() => (frames().at(-1) ?? "").includes("LOSS+"));
    expect(frames()).toHaveLength(3);
    running.interrupt();
    await running.result();
  });

  it("keeps the last figures when the server goes away, and says so", async () => {
    const short = await onPortAside(async (port) => {
      const made = createMetricsListener(metrics, { port });
      await made.listen();
      return made;
    });
    const { make, frames, written } = terminal();
    const running = new RunningCommand(make, [`http://127.0.0.1:${short.address?.port}`, "--interval", "250"]);
    await running.until(() => frames().length >= 1);
    await short.close();
    await running.until(() => (frames().at(-1) ?? "").includes("no answer from"));
    expect(frames().at(-1)).toContain("peers");
    running.interrupt();
    await running.result();
    expect(written.at(-1)).toBe("\u001b[?25h\u001b[?1049l");
  });

  it("fails before it takes the terminal when there is nothing to show", async () => {
    const { written, make } = terminal();
    await expect(new RunningCommand(make, [url]).result()).rejects.toThrow("asks for its bearer token");
    expect(written).toEqual([]);
  });
});
