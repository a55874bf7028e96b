import { chmod, writeFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createTokenIssuer, generateTokenKey } from "@sortie/tokens";
import { generateIdentity, saveIdentity } from "sortie";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { bundleProgram, type Program, ServerProcess } from "./support/server-process.js";

let program: Program;
let key = "";
const running: ServerProcess[] = [];

beforeAll(async () => {
  program = await bundleProgram();
  key = join(program.folder, "root.key");
  await saveIdentity(generateIdentity(), key);
}, 60_000);

afterEach(() => {
  for (const { child } of running.splice(0)) child.kill("SIGKILL");
});

afterAll(() => program.remove());

function start(args: readonly string[], execArgv?: readonly string[]): ServerProcess {
  const server = new ServerProcess(program, args, execArgv);
  running.push(server);
  return server;
}

/** Where its dashboard is. */
async function originOf(server: ServerProcess): Promise<string> {
  const [, origin = ""] = await server.printed(/dashboard: (http:\/\/127\.0\.0\.1:\d+)/);
  return origin;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(program.folder, name);
  await writeFile(path, text);
  return path;
}

/**
 * Sends the process a signal as soon as something listens to that, and tells whether Node had loaded by then what a
 * server needs.
 */
const atOnce = (signal: string): string =>
  `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from "node:fs";
  const on = process.on;
  process.on = process.addListener = function (name, listener) {
    on.call(this, name, listener);
    if (name === "${signal}" && process.on !== on) {
      process.on = process.addListener = on;
      writeSync(2, "early: " + !process.moduleLoadList.includes("NativeModule dgram") + "\\n");
      process.kill(process.pid, "${signal}");
    }
    return this;
  };`)}`;

describe.skipIf(process.platform === "win32")("SIGHUP", () => {
  it.each([
    ["with a key", () => ["--key", key], /SIGHUP: key and certificate were loaded again/],
    ["without a key", () => [], /SIGHUP: there is nothing to load again/],
  ])("before anything is loaded, %s, ends nothing and is obeyed after the start", async (_, args, line) => {
    const server = start(["--log", "info", ...args()], ["--import", atOnce("SIGHUP")]);
    await server.printed(line);
    // Two pipes: what was written to one first may be read second.
    await server.printed(/early: true/);
    await server.printed(/listening on 127\.0\.0\.1:/);
    expect(await server.stop()).toBe(0);
  });

  it("while it runs without a key ends nothing, each time", async () => {
    const server = start(["--log", "info", "--quiet"]);
    await server.printed(/listening/);
    for (let i = 1; i <= 2; i++) {
      server.child.kill("SIGHUP");
      await server.printed(new RegExp(`(SIGHUP: there is nothing[^]*){${i}}`));
    }
    expect(await server.stop()).toBe(0);
  });
});

describe.skipIf(process.platform === "win32")("SIGTERM and SIGINT", () => {
  it.each(["SIGTERM", "SIGINT"])("%s before anything is loaded ends the start, as it was asked for", async (signal) => {
    const server = start(["--log", "info"], ["--import", atOnce(signal)]);
    expect(await server.end).toBe(0);
    expect(server.stderr).toMatch(/^early: true\n/);
    expect(server.stderr).not.toContain("error");
    // Later versions of Node load all of it before they look at signals: then it ends in order, as soon as it listens.
    if (server.stdout !== "") expect(server.stdout).toMatch(/closed$/m);
  });
});

describe("a server whose output goes nowhere", () => {
  it("goes on: it obeys, and answers probes", async () => {
    const server = start(["--log", "info", "--dashboard", "0"]);
    const origin = await originOf(server);
    server.child.stdout?.destroy();
    server.child.stderr?.destroy();
    for (let i = 0; i < 5; i++) {
      server.child.kill("SIGHUP");
      expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    }
    expect(await server.stop()).toBe(0);
  });
});

describe("the keys for tokens", () => {
  it.each([
    ["is missing", undefined, /error: cannot read the keys for tokens ".*keys\.json" \(ENOENT\)/],
    ["is no JSON", "{", /error: .*keys\.json: expected a key set \(JWKS\) in JSON/],
    ["holds no keys", '{ "keys": [] }', /error: .*keys\.json: "keys" expected \{ keys: \[\.\.\.\] \} with 1\.\.16/],
  ])("from a file that %s stop the start", async (what, text, message) => {
    const path = join(program.folder, what.replaceAll(" ", "-"), "keys.json");
    const source = text === undefined ? path : await file("keys.json", text);
    const server = start(["--token-keys", source]);
    expect(await server.end).toBe(1);
    expect(server.stderr).toMatch(message);
    expect(server.stdout).not.toContain("listening");
  });

  it("from a backend that is not there are an error, and /readyz says 503 until they are", async () => {
    const issuer = await createTokenIssuer({ keys: [await generateTokenKey()] });
    let isUp = false;
    const backend = createServer((_request, response) => {
      response.writeHead(isUp ? 200 : 503).end(isUp ? JSON.stringify(issuer.keySet()) : "");
    });
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = backend.address() as AddressInfo;
      const source = `http://127.0.0.1:${port}/jwks`;
      const server = start(["--token-keys", source, "--dashboard", "0", "--log", "info"]);
      await server.printed(/ERROR no keys for tokens: nobody is let in until they are loaded source="http:.*\n.*503/);
      const origin = await originOf(server);
      expect((await fetch(`${origin}/readyz`)).status).toBe(503);
      isUp = true;
      server.child.kill("SIGHUP");
      await server.printed(/SIGHUP: the keys for tokens were loaded again/);
      expect((await fetch(`${origin}/readyz`)).status).toBe(200);
      isUp = false;
      server.child.kill("SIGHUP");
      await server.printed(/ERROR SIGHUP: the keys for tokens stay as they were/);
      expect((await fetch(`${origin}/readyz`)).status).toBe(200);
      expect(await server.stop()).toBe(0);
    } finally {
      backend.close();
    }
  });
});

describe("a backend of tokens that never answers", () => {
  let backend: HttpServer;
  let source = "";
  let requests = 0;

  beforeEach(async () => {
    requests = 0;
    backend = createServer(() => (requests += 1));
    await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
    source = `http://127.0.0.1:${(backend.address() as AddressInfo).port}/jwks`;
  });

  afterEach(() => {
    backend.closeAllConnections();
    backend.close();
  });

  it("holds up neither what else is read on SIGHUP nor the end, and is not told to be an error then", async () => {
    const list = await file("blocked", "192.0.2.1\n");
    const server = start(["--key", key, "--token-keys", source, "--blocked", list, "--log", "info"]);
    await server.printed(/listening/);
    await vi.waitFor(() => expect(requests).toBe(1), 10_000);
    for (let i = 1; i <= 4; i++) {
      server.child.kill("SIGHUP");
      await server.printed(new RegExp(`(SIGHUP: the blocked addresses were loaded again[^]*){${i}}`));
    }
    expect(await server.stop()).toBe(0);
    expect(requests).toBe(1);
    expect(server.stderr).toBe("");
  });

  it("does not hold up the end of a start that fails", async () => {
    const server = start(["--key", key, "--token-keys", source, "--blocked", "/nowhere/blocked"]);
    expect(await server.end).toBe(1);
    expect(server.stderr).toMatch(/^error: cannot read the list of blocked addresses "\/nowhere\/blocked" .*\n$/);
  });
});

describe("what operators do", () => {
  it("is in the log", async () => {
    const token = "0123456789abcdef-secret";
    const tokenFile = await file("token", token);
    const server = start(["--dashboard", "0", "--dashboard-token-file", tokenFile, "--log", "warn"]);
    const origin = await originOf(server);
    const act = (action: string): Promise<Response> =>
      fetch(`${origin}/api/${action}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ range: "192.0.2.0/24" }),
      });
    expect((await act("block")).status).toBe(200);
    await server.printed(/WARN {2}an operator's block action="block" target="192\.0\.2\.0\/24" from="127\.0\.0\.1"/);
    expect((await act("unblock")).status).toBe(200);
    await server.printed(/WARN {2}an operator's unblock action="unblock" target="192\.0\.2\.0\/24"/);
    expect(`${server.stdout}${server.stderr}`).not.toContain(token);
    expect(await server.stop()).toBe(0);
  });

  it("in the file of blocked addresses holds from the start, and is read again on SIGHUP", async () => {
    const list = await file("blocked", "192.0.2.1 # a cheat\n");
    const server = start(["--blocked", list, "--log", "info"]);
    await server.printed(/listening/);
    await writeFile(list, "# nobody\n198.51.100.0/24\n");
    server.child.kill("SIGHUP");
    await server.printed(/SIGHUP: the blocked addresses were loaded again .*blocked=1 added=1 removed=1/);
    await writeFile(list, "198.51.100.0/24\nlocalhost\n");
    server.child.kill("SIGHUP");
    await server.printed(/ERROR SIGHUP: the blocked addresses stay as they were[^]*blocked:2: expected an IP address/);
    expect(await server.stop()).toBe(0);
    const next = start(["--blocked", list]);
    expect(await next.end).toBe(1);
    expect(next.stderr).toContain(`error: ${list}:2: expected an IP address or a range such as`);
  });
});

interface JsonLine {
  readonly level: number;
  readonly msg: string;
  readonly code?: string;
  readonly detail?: string;
}

/** All that it has printed. Throws for what is no JSON. */
function linesOf({ stdout, stderr }: ServerProcess): JsonLine[] {
  const lines = `${stdout}${stderr}`.trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as JsonLine);
}

describe("the output", () => {
  let sharedKey = "";

  beforeAll(async () => {
    sharedKey = join(program.folder, "shared.key");
    await saveIdentity(generateIdentity(), sharedKey);
    await chmod(sharedKey, 0o644);
  });

  it("is JSON in each of its lines with --log-json", async () => {
    const server = start(["--log-json", "--log", "info", "--dashboard", "0", "--key", key]);
    await server.printed(/dashboard/);
    expect(await server.stop()).toBe(0);
    const messages = linesOf(server).map(({ msg }) => msg);
    expect(messages).toEqual(expect.arrayContaining([expect.stringMatching(/^listening on 127/), "summary"]));
  });

  it.each([
    [
      "that there is no key",
      () => [],
      "SORTIE_THROW_AWAY_KEY",
      /^-----BEGIN PUBLIC KEY-----\n[^]*-----END PUBLIC KEY-----\s*$/,
    ],
    ["that others may read the key", () => ["--key", sharedKey], "SORTIE_SHARED_KEY_FILE", undefined],
  ])("is JSON with --log-json also where it warns %s, with --quiet and whatever is logged", async (...given) => {
    const [, args, code, detail] = given;
    const server = start(["--log-json", "--log", "error", "--quiet", ...args()]);
    await server.printed(/listening/);
    await server.printed(new RegExp(code));
    expect(await server.stop()).toBe(0);
    const [line, ...others] = linesOf(server).filter((each) => each.code !== undefined);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: 40, code, warning: "Warning", msg: expect.any(String) as string });
    if (detail !== undefined) expect(line?.detail).toMatch(detail);
  });

  it("has the warning of no key as Node prints it otherwise", async () => {
    const server = start(["--quiet"]);
    await server.printed(/listening/);
    await server.printed(/\(node:\d+\) \[SORTIE_THROW_AWAY_KEY\] Warning: .*\n-----BEGIN PUBLIC KEY-----\n/);
    expect(await server.stop()).toBe(0);
  });

  it.each([
    ["an option that there is not", ["--nonsense"], "unknown option '--nonsense'"],
    [
      "an option without the other one",
      ["--certificate", "x"],
      "option '--certificate <file>' expected '--key <file>'",
    ],
    ["a file that is missing", ["--key", "/nowhere/root.key"], "/nowhere/root.key"],
  ])("is JSON where %s ends the start", async (_, args, message) => {
    const server = start(["--log-json", ...args]);
    expect(await server.end).toBe(1);
    const line = JSON.parse(server.stderr) as { level: number; msg: string };
    expect(line).toMatchObject({ level: 50, msg: expect.stringContaining(message) as string });
    expect(server.stdout).toBe("");
  });

  it("has the dashboard's link with --quiet, where its token was made for this run alone", async () => {
    const server = start(["--quiet", "--dashboard", "0"]);
    await server.printed(/dashboard: http:\/\/127\.0\.0\.1:\d+\/#.+/);
    expect(await server.stop()).toBe(0);
    const secret = start([
      "--quiet",
      "--dashboard",
      "0",
      "--dashboard-token-file",
      await file("t", "0123456789abcdef"),
    ]);
    await secret.printed(/listening/);
    expect(await secret.stop()).toBe(0);
    expect(secret.stdout).toMatch(/^listening on 127\.0\.0\.1:\d+\n$/);
  });
});
