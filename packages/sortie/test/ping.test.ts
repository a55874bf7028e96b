import { createSocket, type Socket } from "node:dgram";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeReject, ByteWriter, decodeClientHelloInvariants, REJECT_BYTES, RejectReason } from "@sortie/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connect, createServer, generateIdentity, saveIdentity, type Server } from "../src/index.js";
import { pingCommand } from "../src/cli/ping/ping.js";
import { runCommand, RunningCommand } from "./support/run-command.js";

const identity = generateIdentity();
let folder = "";
let server: Server<unknown>;
let target = "";
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-ping-"));
  await saveIdentity(identity, join(folder, "root.key"));
  await saveIdentity(generateIdentity(), join(folder, "other.key"));
  server = createServer({
    protocol: "arena/1",
    identity,
    host: "127.0.0.1",
    port: 0,
    authenticate: ({ payload }) =>
      payload.length > 0 ? { accept: false, reason: "no \u001b]0;payloads here" } : { accept: true, data: {} },
  });
  const { port } = await server.listen();
  target = `127.0.0.1:${port}`;
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

afterEach(async () => {
  await Promise.all(sockets.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
});

const ping = (...args: string[]) => runCommand(pingCommand, ...args);
const pingJson = async (...args: string[]) => {
  const { output, exitCode } = await ping(...args, "--json");
  const result: Record<string, unknown> = { ...(JSON.parse(output) as object), exitCode };
  return result;
};
const key = (name = "root"): string[] => ["--protocol", "arena/1", "--key", join(folder, `${name}.pub`)];

/** A socket that answers hellos by `answer`, which may give nothing. */
async function fake(answer: (hello: Buffer) => Uint8Array | undefined): Promise<string> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.on("message", (hello, remote) => {
    const bytes = answer(hello);
    if (bytes !== undefined) socket.send(bytes, remote.port, remote.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return `127.0.0.1:${socket.address().port}`;
}

function rejectOf(hello: Buffer, reason: RejectReason, version: number): Uint8Array {
  const invariants = decodeClientHelloInvariants(hello);
  if (typeof invariants === "string") throw new Error(invariants);
  const writer = new ByteWriter().reset(new Uint8Array(REJECT_BYTES));
  encodeReject(writer, { ...invariants, reason });
  writer.bytes[4] = version;
  return writer.bytes;
}

describe("sortie ping without a key", () => {
  it("measures hello and cookie, and leaves nothing behind", async () => {
    const result = await pingJson(target, "--protocol", "arena/1", "-c", "4", "-i", "10");
    expect(result).toMatchObject({ target, mode: "hello", sent: 4, answered: 4, loss: 0, answers: { retry: 4 } });
    expect(result).toMatchObject({ exitCode: 0, serverVersion: 1, protocol: "arena/1" });
    const { min, avg, p50, p99, max } = result["rttMs"] as Record<string, number>;
    for (const ms of [min, avg, p50, p99, max]) expect(ms).toBeGreaterThan(0);
    expect(min).toBeLessThanOrEqual(p50 as number);
    expect(p99).toBeLessThanOrEqual(max as number);
    expect(server.stats).toMatchObject({ halfOpen: 0, handshakes: 0 });
  });

  it("does not claim that a server would let anybody in: one that is draining answers as others do", async () => {
    const draining = createServer({ protocol: "arena/1", identity, host: "127.0.0.1", port: 0 });
    const { port } = await draining.listen();
    const client = await connect({ host: "127.0.0.1", port, protocol: "arena/1", serverKey: identity.publicKey });
    const closed = draining.close({ leaveMs: 60_000 });
    const { output, exitCode } = await ping(`127.0.0.1:${port}`, "--protocol", "arena/1", "-c", "1");
    expect(output).toContain("answers for this protocol; whether it has room, only --key or --ca tells (retry)");
    expect(exitCode).toBe(0);
    await client.close();
    await closed;
  });

  it("says that the server has another protocol, where none or the wrong one is named", async () => {
    for (const args of [[], ["--protocol", "arena/2"]]) {
      const { output, exitCode } = await ping(target, "-c", "2", "-i", "10", ...args);
      expect(output).toContain("sent      2, answered 2, lost 0.0 %");
      expect(output).toMatch(/RTT {7}[\d.]+ \/ [\d.]+ \/ [\d.]+ \/ [\d.]+ \/ [\d.]+ ms \(min \/ avg/);
      expect(output).toContain("serves another protocol: name its own with --protocol (protocol-mismatch)");
      expect(exitCode).toBe(0);
      // No terminal here: no colours.
      expect(output).not.toContain("\u001b");
    }
  });

  it("says which version a server speaks that speaks another one", async () => {
    const other = await fake((hello) => rejectOf(hello, RejectReason.Version, 7));
    const { output } = await ping(other, "-c", "1");
    expect(output).toContain("speaks another version of Sortie's protocol (version); protocol version 7");
  });

  it("ends with status 1 when nobody answers, or only with noise", async () => {
    const mute = await fake(() => undefined);
    const { output, errors, exitCode } = await ping(mute, "-c", "2", "-i", "10", "-t", "100");
    expect(output).toContain("sent      2, answered 0, lost 100.0 %");
    expect(errors).toContain(`no answer from ${mute}: is the server running, the port right, UDP let through?`);
    expect(exitCode).toBe(1);
    let noises = 0;
    const noisy = await fake((hello) => {
      noises += 1;
      return hello.subarray(0, 60);
    });
    const running = new RunningCommand(pingCommand, [noisy, "-c", "0", "-i", "10", "-t", "100", "--json"]);
    // The first of them have been heard by then.
    await running.until(() => noises >= 5);
    running.interrupt();
    const { output: json, exitCode: status } = await running.result();
    const result: Record<string, unknown> = { ...(JSON.parse(json) as object), exitCode: status };
    expect(result).toMatchObject({ answered: 0, exitCode: 1 });
    expect(result["strays"]).toBeGreaterThan(0);
  });

  it("counts those that could not be sent, and not the hello before them that does not count", async () => {
    // Broadcast, which no system sends from a socket that did not ask for it.
    const result = await pingJson("255.255.255.255:1474", "-c", "2", "-i", "30", "-t", "100");
    expect(result).toMatchObject({ sent: 2, answered: 0, sendErrors: 2, exitCode: 1 });
  });

  it("goes on until it is interrupted, and then sums up", async () => {
    const running = new RunningCommand(pingCommand, [target, "-c", "0", "-i", "10"]);
    await running.printed(/^#3 /);
    running.interrupt();
    const { output, exitCode } = await running.result();
    expect(output).toMatch(/sent {6}\d+, answered \d+/);
    expect(exitCode).toBe(0);
  });
});

describe("sortie ping over a connection", () => {
  it("tells handshake, round trips, MTU, suite and key, and the server's application hears of nothing", async () => {
    const heard: unknown[] = [];
    const onMessage = (_peer: unknown, message: unknown): void => void heard.push(message);
    server.on("message", onMessage);
    const result = await pingJson(target, ...key(), "-c", "5", "-i", "10", "--size", "1000");
    server.off("message", onMessage);
    expect(result).toMatchObject({ mode: "connection", sent: 5, answered: 5, loss: 0, quality: "good", exitCode: 0 });
    expect(result["cipherSuite"]).toMatch(/^(AES-128-GCM|ChaCha20-Poly1305)$/);
    expect(result["serverFingerprint"]).toMatch(/^SHA256:/);
    expect(result["mtuBytes"]).toBeGreaterThanOrEqual(1200);
    expect(result["handshakeMs"]).toBeGreaterThan(0);
    expect((result["rttMs"] as { min: number }).min).toBeGreaterThan(0);
    expect(heard).toEqual([]);
  });

  it("sums up when it is interrupted", async () => {
    const running = new RunningCommand(pingCommand, [target, ...key(), "-c", "0", "-i", "10"]);
    await running.printed(/^#2 /);
    running.interrupt();
    const { output, exitCode } = await running.result();
    expect(output).toMatch(/connected [\d.]+ ms, \S+, path MTU \d+ bytes/);
    expect(output).not.toContain("ended early");
    expect(exitCode).toBe(0);
  });

  it("says it when the server ends the connection", async () => {
    const running = new RunningCommand(pingCommand, [target, ...key(), "-c", "0", "-i", "10"]);
    await running.printed(/^#2 /);
    for (const peer of server.peers.values()) peer.disconnect("\u001b[2Jenough\nof this");
    const { output } = await running.result();
    expect(output).toContain("ended early: [2Jenoughof this");
  });

  it.each([
    ["the wrong key", () => key("other"), "identity-mismatch", "another key"],
    [
      "the wrong protocol",
      () => ["--protocol", "x", ...key().slice(2)],
      "protocol-mismatch",
      "both must name the same",
    ],
    ["a refusal", () => [...key(), "--payload", "hello"], "rejected", "refused: no ]0;payloads here"],
  ])("tells of %s by code and words, with status 1", async (_, args, code, words) => {
    const { errors, exitCode } = await ping(target, ...args());
    expect(errors).toContain(`(${code})`);
    expect(errors).toContain(words);
    expect(exitCode).toBe(1);
    const result = await pingJson(target, ...args());
    expect(result).toMatchObject({ error: { code }, exitCode: 1, sent: 0 });
  });

  it("gives up in time where nobody answers", async () => {
    const mute = await fake(() => undefined);
    const { errors, exitCode } = await ping(mute, ...key(), "-t", "150");
    expect(errors).toContain(`no answer from ${mute} within 150 ms`);
    expect(exitCode).toBe(1);
  });
});

describe("what sortie ping refuses", () => {
  it.each([
    ["no target", [], "missing required argument 'target'"],
    ["no port", ["127.0.0.1"], '"target" expected HOST:PORT'],
    ["a name without an address", ["no-such-host.invalid:1"], "no-such-host.invalid"],
    ["a count below 0", ["127.0.0.1:1", "-c", "-1"], "expected an integer in 0..1000000"],
    ["an interval that floods", ["127.0.0.1:1", "-i", "1"], "expected a number in 10..60000"],
    ["a size without a key", ["127.0.0.1:1", "-s", "500"], "every hello has 1200 bytes"],
    ["a payload without a key", ["127.0.0.1:1", "--payload", "x"], '"--payload" expected to stand with --key or --ca'],
    ["a name without an authority or a key", ["127.0.0.1:1", "--hostname", "h"], '"--hostname" expected to stand with'],
    ["a key without a protocol", ["127.0.0.1:1", "--key", "x.pub"], '"--protocol" expected'],
    ["two kinds of trust", ["127.0.0.1:1", "--protocol", "x", "--key", "k", "--ca", "c"], "got 2 of them"],
    ["a file that is not there", ["127.0.0.1:1", "--protocol", "x", "--key", "nowhere.pub"], "(ENOENT)"],
    ["a name without an authority", ["127.0.0.1:1", "--protocol", "x", "--key", "k", "--hostname", "h"], "--ca"],
  ])("%s", async (_, args, message) => {
    await expect(ping(...args)).rejects.toThrow(message);
  });

  it("a private key, and a file that holds no key", async () => {
    const args = [target, "--protocol", "arena/1", "--key"];
    await expect(ping(...args, join(folder, "root.key"))).rejects.toThrow("take the .pub file");
    const noKey = join(folder, "no.pub");
    await writeFile(noKey, "hello");
    await expect(ping(...args, noKey)).rejects.toThrow('"serverKey"');
  });

  it("shows examples with --help", async () => {
    const running = new RunningCommand(pingCommand, ["--help"]);
    await expect(running.result()).rejects.toThrow();
    await running.printed(/sortie ping game\.example:1474/);
  });
});
