import { execFileSync } from "node:child_process";
import { link, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pcapHeader, pcapRecord, readCapture, readDatagram, type UdpDatagram } from "@sortie/capture";
import { type KeyLogEntry, PacketProtection, parseKeyLogLine } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { SocketAddress } from "@sortie/transport";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { recordGame, type RecordedGame } from "./support/recorded-game.js";
import { runDecode } from "./support/run-decode.js";

const OLD = "what was there";
const isWindows = process.platform === "win32";

let game: RecordedGame;
let folder = "";
let [capture, keys, copy] = ["", "", ""];

beforeAll(async () => {
  game = await recordGame("words");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-copy-"));
  [capture, keys, copy] = [join(folder, "game.pcap"), join(folder, "keys.log"), join(folder, "copy.pcap")];
  await writeFile(capture, game.capture);
  await writeFile(keys, game.keyLog);
});
afterEach(() => rm(folder, { recursive: true }));

async function decode(...args: readonly string[]): Promise<readonly string[]> {
  return (await runDecode(args)).out;
}

async function datagramsOf(path: string): Promise<readonly UdpDatagram[]> {
  return [...readCapture(new Uint8Array(await readFile(path)))].map((item) => {
    const datagram = item.kind === "record" ? readDatagram(item) : item.text;
    if (typeof datagram === "string") throw new Error(datagram);
    return datagram;
  });
}

describe("sortie decode --write-decrypted --force", () => {
  it("takes the place of what was there, and leaves nothing beside it", async () => {
    await writeFile(copy, OLD, { mode: 0o644 });
    await decode(capture, "--keys", keys, "--write-decrypted", copy, "--force");
    expect(await datagramsOf(copy)).toHaveLength(game.datagrams.length);
    if (!isWindows) expect((await stat(copy)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(["copy.pcap", "game.pcap", "keys.log"]);
  });

  it("leaves what was there where the input is no capture", async () => {
    await writeFile(copy, OLD);
    const other = join(folder, "other");
    await writeFile(other, "not a capture");
    for (const input of [other, join(folder, "missing"), "40"]) {
      await expect(decode(input, "--keys", keys, "--write-decrypted", copy, "--force")).rejects.toThrow("expected");
      expect(await readFile(copy, "utf8")).toBe(OLD);
    }
    const fresh = join(folder, "fresh.pcap");
    await expect(decode(other, "--keys", keys, "--write-decrypted", fresh)).rejects.toThrow("expected a capture");
    expect((await readdir(folder)).sort()).toEqual(["copy.pcap", "game.pcap", "keys.log", "other"]);
  });

  it("leaves what was there when it fails half way, and nothing where nothing was", async () => {
    await writeFile(copy, OLD);
    const fail = vi.spyOn(JSON, "stringify").mockImplementation(() => {
      throw new Error("a full disk");
    });
    try {
      for (const args of [[copy, "--force"], [join(folder, "fresh.pcap")]]) {
        const run = decode(capture, "--json", "--keys", keys, "--write-decrypted", ...args);
        await expect(run).rejects.toThrow("a full disk");
      }
    } finally {
      fail.mockRestore();
    }
    expect(await readFile(copy, "utf8")).toBe(OLD);
    expect((await readdir(folder)).sort()).toEqual(["copy.pcap", "game.pcap", "keys.log"]);
  });

  it("refuses the input and the key log, by whatever name", async () => {
    const [hard, soft] = [join(folder, "hard.pcap"), join(folder, "soft.log")];
    await link(capture, hard);
    if (!isWindows) await symlink(keys, soft);
    for (const path of [capture, keys, hard, ...(isWindows ? [] : [soft])]) {
      await expect(decode(capture, "--keys", keys, "--write-decrypted", path, "--force")).rejects.toThrow(
        `"--write-decrypted" expected a file other than the input and the key log, got "${path}"`,
      );
    }
    expect(new Uint8Array(await readFile(capture))).toEqual(game.capture);
    expect(await readFile(keys, "utf8")).toBe(game.keyLog);
  });

  it.skipIf(isWindows)("refuses what is no regular file, and neither waits for it nor changes its mode", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", ["-m", "644", pipe]);
    const run = decode(capture, "--keys", keys, "--write-decrypted", pipe, "--force");
    await expect(run).rejects.toThrow(
      `"--write-decrypted" expected a regular file, or none, got "${pipe}", which is a device or a pipe`,
    );
    expect((await stat(pipe)).mode & 0o777).toBe(0o644);
    expect((await stat(pipe)).isFIFO()).toBe(true);
    await expect(decode(capture, "--keys", keys, "--write-decrypted", folder, "--force")).rejects.toThrow(
      "which is a folder",
    );
  });
});

describe("sortie decode --write-decrypted", () => {
  const [source, destination] = [SocketAddress.parse("10.0.0.1", 1474), SocketAddress.parse("10.0.0.2", 4000)];

  it("keeps the lengths of what the capture has cut", async () => {
    const payload = (game.datagrams[0] as Uint8Array).subarray(0, 40);
    const record = pcapRecord({ timeNs: 0n, source, destination, payload, originalBytes: 1200 });
    await writeFile(capture, Buffer.concat([pcapHeader(), record]));
    await decode(capture, "--keys", keys, "--write-decrypted", copy);
    expect(await datagramsOf(copy)).toMatchObject([{ payload, originalBytes: 1200 }]);
  });

  it("writes each datagram of a run that the sender's kernel had not yet cut, and each is shown", async () => {
    const { clientSecret, serverSecret, ...of } = parseKeyLogLine(game.keyLog.split("\n")[0] as string) as KeyLogEntry;
    const secrets = { localSecret: serverSecret, remoteSecret: clientSecret };
    const protection = new PacketProtection({ crypto: createNodeProvider(), suite: of.suite, ...secrets });
    // PING, then nothing but PADDING behind the header of 9 bytes; the tag has 16.
    const packets = [1450, 1450, 1450, 300].map((size, index) => {
      const bytes = new Uint8Array(size);
      bytes[9] = 1;
      protection.seal(bytes, 0, size - 16, of.clientConnectionId, index, 0);
      return bytes;
    });
    const payload = new Uint8Array(Buffer.concat(packets));
    const record = pcapRecord({ timeNs: 0n, source, destination, payload });
    await writeFile(capture, Buffer.concat([pcapHeader(), record]));
    const out = await decode(capture, "--keys", keys, "--write-decrypted", copy);
    expect(out.slice(0, 4)).toEqual(
      [1424, 1424, 1424, 274].map((padding, index) =>
        expect.stringContaining(
          `    1    0.000000  10.0.0.1:1474 > 10.0.0.2:4000  C1 server  PROTECTED  number ${index}: ` +
            `PING | PADDING ${padding}  (${index + 1} of 4 that the sender's kernel had not yet cut)`,
        ),
      ),
    );
    expect(out[4]).toBe("1 records, 4 datagrams shown, 4 packets decrypted");
    expect((await datagramsOf(copy)).map(({ payload }) => payload.length)).toEqual([1450, 1450, 1450, 300]);
    const shown = await decode(Buffer.from(payload).toString("hex"), "--json", "--keys", keys);
    expect(shown.map((line) => (JSON.parse(line) as { bytes: number }).bytes)).toEqual([1450, 1450, 1450, 300]);
  });
});

describe("sortie decode of one datagram", () => {
  it.each([
    ["--port", ["--port", "1474"]],
    ["--all", ["--all"]],
    ["--force", ["--force"]],
    ["--write-decrypted", ["--write-decrypted", "x.pcap"]],
  ])("refuses %s, which is for captures", async (name, args) => {
    const hello = Buffer.from(game.datagrams[0] as Uint8Array).toString("hex");
    await expect(decode(hello, ...args)).rejects.toThrow(`${name} expected a capture as input, got one datagram`);
  });

  it("and of a capture refuses --force without a file that it could overwrite", async () => {
    await expect(decode(capture, "--force")).rejects.toThrow("--force expected to stand with --write-decrypted");
  });
});
