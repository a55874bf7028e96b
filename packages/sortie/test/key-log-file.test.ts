import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { parseKeyLogLine } from "@sortie/handshake";
import { createNetwork } from "@sortie/transport-memory";
import { SystemClock } from "@sortie/transport";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { connect, createClient } from "../src/connect.js";
import { createServer } from "../src/create-server.js";
import { generateIdentity } from "../src/index.js";
import { keyLogOf, type KeyLogChoice } from "../src/key-log-file.js";
import { collectWarnings } from "./support/warnings.js";

const folder = await mkdtemp(join(tmpdir(), "sortie-key-log-"));
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const isWindows = process.platform === "win32";
let files = 0;
const newPath = (): string => join(folder, `keys-${++files}.log`);

/** What a pair with these options leaves behind, and what of it can be seen from outside. */
async function play(ofServer: KeyLogChoice, ofClient: KeyLogChoice): Promise<string> {
  const network = createNetwork({ seed: 1, clock: new SystemClock(), link: {} });
  const identity = generateIdentity();
  const server = createServer({
    protocol: "key-log/1",
    identity,
    tickRate: 0,
    transport: network.createTransport({ host: "10.0.0.1", port: 1474 }),
    ...ofServer,
  });
  await server.listen();
  const client = await connect({
    host: "10.0.0.1",
    port: 1474,
    protocol: "key-log/1",
    serverKey: identity.publicKey,
    transport: network.createTransport(),
    ...ofClient,
  });
  const options = { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity };
  const shown = [server, client, [...server.peers.values()], server.stats].flatMap((thing) => [
    String(thing),
    inspect(thing, options),
  ]);
  await client.close();
  await server.close();
  return shown.join("\n");
}

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, "utf8")).split("\n").slice(0, -1);
}

describe("the key log file", () => {
  it("is not written, and nothing is warned of, unless somebody asked", async () => {
    vi.stubEnv("SORTIE_KEYLOGFILE", undefined);
    const before = await readdir(folder);
    expect(await collectWarnings(() => play({}, {}))).toEqual([]);
    expect(await readdir(folder)).toEqual(before);
    expect(keyLogOf({})).toBeUndefined();
    expect(keyLogOf({}, "")).toBeUndefined();
  });

  it("gets the same line from both sides, with mode 600, and a loud warning once a file", async () => {
    const path = newPath();
    const warnings = await collectWarnings(async () => {
      await play({ keyLogFile: path }, { keyLogFile: path });
      await play({ keyLogFile: path }, {});
    });
    const lines = await linesOf(path);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe(lines[1]);
    expect(lines[2]).not.toBe(lines[0]);
    for (const line of lines) expect(parseKeyLogLine(line)).toBeDefined();
    if (!isWindows) expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ["SORTIE_KEY_LOG", `keys are logged: all traffic of this process can be decrypted by whoever reads "${path}"`],
    ]);
  });

  it("may be named by the environment, for both sides and for clients that poll", async () => {
    const path = newPath();
    vi.stubEnv("SORTIE_KEYLOGFILE", path);
    await collectWarnings(() => play({}, {}));
    expect(await linesOf(path)).toHaveLength(2);
    const polled = newPath();
    vi.stubEnv("SORTIE_KEYLOGFILE", polled);
    const network = createNetwork({ seed: 1, clock: new SystemClock(), link: {} });
    const to = { host: "10.0.0.1", port: 1474, protocol: "key-log/1", dangerouslyTrustAnyServer: true };
    const warnings = await collectWarnings(() => {
      createClient({ ...to, transport: network.createTransport() }).close();
    });
    expect(warnings[0]?.message).toContain(polled);
    expect(await linesOf(polled)).toEqual([]);
  });

  it("can be a function instead, which is warned of as well", async () => {
    vi.resetModules();
    const { keyLogOf: fresh } = await import("../src/key-log-file.js");
    const lines: string[] = [];
    const warnings = await collectWarnings(async () => {
      const keyLog = fresh({ keyLog: (line) => lines.push(line) });
      await play({}, keyLog === undefined ? {} : { keyLog });
    });
    expect(lines.map(parseKeyLogLine)).toEqual([expect.objectContaining({ clientRandom: expect.any(Uint8Array) })]);
    expect(warnings.map(({ code }) => code)).toContain("SORTIE_KEY_LOG");
    expect(warnings[0]?.message).toContain('whoever gets what "keyLog" is told');
  });

  it("is the only place where secrets can be seen", async () => {
    const path = newPath();
    let shown = "";
    await collectWarnings(async () => (shown = await play({ keyLogFile: path }, { keyLogFile: path })));
    const entry = parseKeyLogLine((await linesOf(path))[0] as string);
    if (entry === undefined) throw new Error("no key was logged");
    for (const secret of [entry.clientSecret, entry.serverSecret]) {
      expect(shown).not.toContain(Buffer.from(secret).toString("hex"));
      expect(shown.replaceAll(/\s+/g, " ")).not.toContain([...secret.subarray(0, 12)].join(", "));
    }
  });

  it.skipIf(isWindows)("takes away what others may do with a file that was there", async () => {
    const path = newPath();
    await writeFile(path, "# mine\n");
    await chmod(path, 0o666);
    await collectWarnings(() => play({ keyLogFile: path }, {}));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await linesOf(path))[0]).toBe("# mine");
  });

  it("is refused at once where it cannot be written", async () => {
    const missing = join(folder, "no-such-folder", "keys.log");
    expect(() => keyLogOf({ keyLogFile: missing })).toThrow(`cannot write the key log "${missing}" (ENOENT)`);
    expect(() => keyLogOf({}, missing)).toThrow("ENOENT");
    const isFolder = join(folder, "folder");
    await mkdir(isFolder);
    expect(() => keyLogOf({ keyLogFile: isFolder })).toThrow(`cannot write the key log "${isFolder}"`);
    await expect(play({ keyLogFile: missing }, {})).rejects.toThrow("ENOENT");
  });

  it.skipIf(isWindows)("follows no link", async () => {
    const [path, target] = [newPath(), newPath()];
    await symlink(target, path);
    expect(() => keyLogOf({ keyLogFile: path })).toThrow("it is a symbolic link");
    if (process.getuid?.() !== undefined) expect(() => keyLogOf({ keyLogFile: "/dev/null" })).toThrow();
  });

  it.each([
    [{ keyLogFile: "" }, '"keyLogFile" expected the name of a file, got ""'],
    [{ keyLogFile: 7 as unknown as string }, '"keyLogFile" expected the name of a file, got 7'],
    [{ keyLogFile: "a", keyLog: () => {} }, '"keyLogFile" expected to stand without "keyLog", got both'],
    [{ keyLog: "a" as unknown as () => void }, '"keyLog" expected a function, got string'],
  ])("says what is wrong with %j", (options, message) => {
    expect(() => keyLogOf(options)).toThrow(new TypeError(message));
  });

  it("says what is wrong with what JSON cannot have", () => {
    const expected = '"keyLogFile" expected the name of a file, got 1n';
    expect(() => keyLogOf({ keyLogFile: 1n as never })).toThrow(new TypeError(expected));
  });

  it("tells once for all servers and clients when the file is lost later, and the game goes on", async () => {
    const inner = join(folder, "lost");
    await mkdir(inner);
    const path = join(inner, "keys.log");
    const warnings = await collectWarnings(async () => {
      const [ofServer, ofClient] = [keyLogOf({ keyLogFile: path }), keyLogOf({ keyLogFile: path })];
      await rm(inner, { recursive: true });
      ofServer?.("a");
      ofServer?.("b");
      ofClient?.("b");
    });
    expect(warnings.map(({ message }) => message).filter((text) => text.startsWith("keys of conn"))).toHaveLength(1);
  });
});
