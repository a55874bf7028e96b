import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCapture, readDatagram } from "@sortie/capture";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAll } from "../src/cli/decode-input.js";
import { recordGame, type RecordedGame } from "./support/recorded-game.js";
import { runDecode } from "./support/run-decode.js";

const WORDS = "words that nobody else may read";
const WORDS_HEX = Buffer.from(WORDS).toString("hex");

let folder = "";
let game: RecordedGame;
let capture = "";
let keys = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-decode-"));
  game = await recordGame(WORDS);
  [capture, keys] = [join(folder, "game.pcap"), join(folder, "keys.log")];
  await writeFile(capture, game.capture);
  await writeFile(keys, game.keyLog);
});
afterAll(() => rm(folder, { recursive: true }));

const ESCAPES = "\u001b[2J\u009b31m\u202eevil";

interface JsonDatagram {
  readonly record: number;
  readonly time: string;
  readonly source: string;
  readonly packet: string;
  readonly connection: string | null;
  readonly sender: string | null;
  readonly fields: { readonly packetNumber?: number; readonly frames?: readonly { readonly frame: string }[] };
  readonly notes: readonly string[];
}

async function decodeJson(...args: readonly string[]): Promise<JsonDatagram[]> {
  return (await runDecode(["--json", ...args])).out.map((line) => JSON.parse(line) as JsonDatagram);
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("sortie decode of a capture", () => {
  it("shows one line for each datagram, and nothing of what is encrypted", async () => {
    const { out, err } = await runDecode([capture]);
    expect(err).toEqual([]);
    expect(out).toHaveLength(game.datagrams.length + 1);
    const [first, second, third, fourth, fifth] = out;
    expect(first).toMatch(
      /^ +1 +0\.000000 {2}10\.0\.0\.2:\d+ > 10\.0\.0\.1:1474 {2}client {2}CLIENT_HELLO .* no cookie/,
    );
    expect(second).toContain("  server  RETRY  to ");
    expect(third).toContain("with a cookie");
    expect(fourth).toContain("  C1 server  SERVER_HELLO  to ");
    expect(fifth).toMatch(/ {2}C1 client {2}PROTECTED {2}to [0-9a-f]{8}, number \.\.0, encrypted, \d+ bytes$/);
    expect(out.at(-1)).toMatch(/^\d+ records, \d+ datagrams shown, 0 packets decrypted$/);
    expect(out.join("\n")).not.toContain(WORDS_HEX);
  });

  it("shows the frames of both directions with keys, all fields with --verbose", async () => {
    const { out } = await runDecode([capture, "--keys", keys]);
    const text = out.join("\n");
    expect(text).toMatch(/C1 client {2}PROTECTED {2}number 0: .*CONNECT, 0 bytes/);
    expect(text).toMatch(/C1 server {2}PROTECTED {2}number \d+: .*ACCEPT session [0-9a-f]{32}/);
    expect(text).toMatch(/C1 client .*MESSAGE reliable channel 3 ID 0, 31 bytes/);
    expect(text).toMatch(/C1 server .*MESSAGE ordered channel 0 ID 0, 31 bytes/);
    expect(text).toMatch(/C1 client .*CLOSE normal/);
    expect(text).not.toMatch(/encrypted,|no logged key|malformed/);
    expect(text).not.toContain(WORDS_HEX);
    const tree = (await runDecode([capture, "--keys", keys, "--verbose"])).out.join("\n");
    expect(tree).toContain(`payload: ${WORDS_HEX}`);
    expect(tree).toMatch(/parameters\n +idleTimeoutMs: 10000\n/);
  });

  it("gives one JSON object for each datagram", async () => {
    const decoded = await decodeJson(capture, "--keys", keys);
    expect(decoded.map(({ record }) => record)).toEqual(game.datagrams.map((_, index) => index + 1));
    expect(decoded.slice(0, 4).map(({ packet }) => packet)).toEqual([
      "CLIENT_HELLO",
      "RETRY",
      "CLIENT_HELLO",
      "SERVER_HELLO",
    ]);
    expect(decoded.slice(4).every(({ packet, connection }) => packet === "PROTECTED" && connection === "C1")).toBe(
      true,
    );
    for (const sender of ["client", "server"]) {
      const numbers = decoded.filter((one) => one.sender === sender).flatMap(({ fields }) => fields.packetNumber ?? []);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(numbers.length).toBeGreaterThan(1);
    }
    expect(decoded[0]?.time).toMatch(/^\d+\.\d{9}$/);
    expect(decoded.flatMap(({ notes }) => notes)).toEqual([]);
    expect(JSON.stringify(decoded)).toContain(WORDS_HEX);
  });

  it("passes over what is not Sortie's unless --port or --all says so", async () => {
    const start = game.capture.slice(0, 24);
    const records = game.capture.subarray(24 + 16 + 28 + 1200);
    const later = join(folder, "later.pcap");
    // From behind the hellos and RETRY on, and from behind SERVER_HELLO on, without keys.
    const skipped = 2 * (16 + 28 + 1200) + (16 + 28 + 45);
    await writeFile(later, Buffer.concat([start, records.subarray(skipped - 1244)]));
    expect((await decodeJson(later))[0]?.packet).toBe("SERVER_HELLO");
    const serverHello = game.datagrams[3] as Uint8Array;
    await writeFile(later, Buffer.concat([start, game.capture.subarray(24 + skipped + 44 + serverHello.length)]));
    const { out } = await runDecode([later]);
    const count = game.datagrams.length - 4;
    expect(out).toEqual([
      `${count} records, 0 datagrams shown, 0 packets decrypted`,
      `${count} passed over: not Sortie's, or begun before the capture (--port or --all shows it)`,
    ]);
    expect(await decodeJson(later, "--all")).toHaveLength(count);
    expect(await decodeJson(later, "--port", "1474")).toHaveLength(count);
    expect(await decodeJson(later, "--port", "1475")).toHaveLength(0);
    const opened = await decodeJson(later, "--keys", keys);
    expect(opened.filter(({ fields }) => fields.frames !== undefined)).toHaveLength(count);
  });

  it("says where a damaged file ends, and shows what is before", async () => {
    const damaged = join(folder, "damaged.pcap");
    await writeFile(damaged, game.capture.subarray(0, -10));
    const { out, err } = await runDecode([damaged]);
    expect(out).toHaveLength(game.datagrams.length);
    expect(err).toEqual([
      expect.stringMatching(/^sortie decode: record \d+: the record claims \d+ bytes, the file has/),
    ]);
  });

  it("counts why records were passed over, by 20 reasons at the most", async () => {
    const strange = Array.from({ length: 25 }, (_, index) => {
      const record = game.capture.slice(24, 24 + 16 + 28 + 1200);
      // The protocol of the IP header: 100 and up, none of them UDP.
      record[16 + 9] = 100 + index;
      return record;
    });
    const path = join(folder, "strange.pcap");
    await writeFile(path, Buffer.concat([game.capture.subarray(0, 24), ...strange]));
    const { out } = await runDecode([path]);
    expect(out[0]).toBe("25 records, 0 datagrams shown, 0 packets decrypted");
    expect(out.slice(1, 3)).toEqual([
      "1 passed over: IP protocol 100, not UDP",
      "1 passed over: IP protocol 101, not UDP",
    ]);
    expect(out.at(-1)).toBe("5 passed over: other reasons");
    expect(out).toHaveLength(22);
  });

  it("writes a capture for the dissector, privately, with every packet as long as before", async () => {
    const path = join(folder, "opened.pcap");
    await runDecode([capture, "--keys", keys, "--write-decrypted", path]);
    if (process.platform !== "win32") expect((await stat(path)).mode & 0o777).toBe(0o600);
    const written = [...readCapture(new Uint8Array(await readFile(path)))].map((item) => {
      const datagram = item.kind === "record" ? readDatagram(item) : item.text;
      if (typeof datagram === "string") throw new Error(datagram);
      return datagram.payload;
    });
    expect(written.map(({ length }) => length)).toEqual(game.datagrams.map(({ length }) => length));
    expect(written.slice(0, 4)).toEqual(game.datagrams.slice(0, 4));
    for (const payload of written.slice(4)) {
      expect(Buffer.from(payload).toString("latin1").slice(9, 13)).toBe("SRTD");
      expect((payload[0] as number) & 0xfe).toBe(0x7e);
    }
    expect(written.some((payload) => Buffer.from(payload).includes(WORDS))).toBe(true);
    await expect(runDecode([capture, "--keys", keys, "--write-decrypted", path])).rejects.toThrow("is there already");
    await runDecode([capture, "--keys", keys, "--write-decrypted", path, "--force"]);
    await expect(runDecode([capture, "--write-decrypted", path])).rejects.toThrow("expected to stand with --keys");
  });
});

describe("sortie decode of hostile traffic", () => {
  it("prints the words of a CLOSE so that no terminal obeys them", async () => {
    const hostile = await recordGame(WORDS, ESCAPES);
    const [path, log] = [join(folder, "words.pcap"), join(folder, "words.log")];
    await writeFile(path, hostile.capture);
    await writeFile(log, hostile.keyLog);
    const { out } = await runDecode([path, "--keys", log, "--verbose"]);
    expect(out).toContainEqual(expect.stringMatching(/^ +text: \[2J31mevil$/));
    expect(out.filter((line) => /[^\x20-\x7e]/.test(line))).toEqual([]);
  });

  it("copies what no honest sender sends: IPv4 addresses in IPv6 packets, more bytes than IPv4 carries", async () => {
    const frame = (source: string, payloadBytes: number): Uint8Array => {
      const packet = Buffer.alloc(48 + payloadBytes);
      packet[0] = 0x60;
      packet.writeUInt16BE(8 + payloadBytes, 4);
      packet[6] = 17;
      packet.set(Buffer.from(source, "hex"), 8);
      packet.set(Buffer.from("fd000000000000000000000000000001", "hex"), 24);
      packet.writeUInt16BE(8 + payloadBytes, 44);
      const header = Buffer.alloc(16);
      header.writeUInt32BE(packet.length, 8);
      header.writeUInt32BE(packet.length, 12);
      return Buffer.concat([header, packet]);
    };
    const mapped = frame("00000000000000000000ffff0a000001", 10);
    const large = frame("fd000000000000000000000000000002", 65_520);
    const [path, copy] = [join(folder, "hostile.pcap"), join(folder, "hostile-opened.pcap")];
    await writeFile(path, Buffer.concat([game.capture.subarray(0, 24), mapped, large]));
    const { out } = await runDecode([path, "--keys", keys, "--write-decrypted", copy]);
    expect(out[0]).toBe("2 records, 0 datagrams shown, 0 packets decrypted");
    const items = [...readCapture(new Uint8Array(await readFile(copy)))];
    const datagrams = items.map((item) => (item.kind === "record" ? readDatagram(item) : item.text));
    expect(datagrams.map((datagram) => typeof datagram === "object" && datagram.payload.length)).toEqual([10, 65_520]);
  });
});

describe("sortie decode of one datagram", () => {
  it("takes hexadecimal text in an argument, a file or standard input", async () => {
    const hello = Buffer.from(game.datagrams[0] as Uint8Array).toString("hex");
    const { out } = await runDecode([hello]);
    expect(out[0]).toMatch(/^1200 bytes {2}client {2}CLIENT_HELLO {2}from [0-9a-f]{8}, no cookie/);
    expect(out).toContainEqual(expect.stringMatching(/^ {2}protocolId: [0-9a-f]{16}$/));
    const spaced = `0x${hello.replaceAll(/../g, "$& ").toUpperCase()}\n`;
    expect((await runDecode([], utf8(spaced))).out).toEqual(out);
    const file = join(folder, "hello.hex");
    await writeFile(file, spaced);
    expect((await runDecode([file])).out).toEqual(out);
    const [json] = await decodeJson(hello);
    expect(json).toMatchObject({ bytes: 1200, packet: "CLIENT_HELLO", sender: "client" });
  });

  it("opens it with keys", async () => {
    const packet = Buffer.from(game.datagrams[4] as Uint8Array).toString("hex");
    expect((await runDecode([packet, "--keys", keys])).out[0]).toMatch(/C1 client {2}PROTECTED {2}number 0: .*CONNECT/);
  });

  it("takes a capture on standard input as well", async () => {
    expect((await runDecode(["-"], game.capture)).out).toHaveLength(game.datagrams.length + 1);
  });
});

describe("sortie decode says what is wrong with", () => {
  it.each([
    ["text that is no file and no datagram", ["zz"], '"input" expected a capture file or the hexadecimal text'],
    [
      "a file that is not there",
      ["no/such.pcap"],
      'hexadecimal text of a datagram, got "no/such.pcap": there is no such file',
    ],
    ["half a byte", ["403"], '"input" expected a capture file or the hexadecimal text'],
    ["nothing", ["-"], "standard input is empty: expected a capture, or hexadecimal text"],
    [
      "a key log that is not there",
      ["40", "--keys", "/no/such/file"],
      'cannot read the key log "/no/such/file" (ENOENT)',
    ],
    ["a port", ["40", "--port", "0"], 'expected an integer in 1..65535, got "0"'],
    ["a file", [import.meta.dirname], `got "${import.meta.dirname}": it is a directory`],
  ])("%s", async (_name, args, message) => {
    await expect(runDecode(args)).rejects.toThrow(message);
  });

  it("refuses a file of more than 1 GiB without reading it", async () => {
    const large = join(folder, "large.pcap");
    await writeFile(large, "");
    // A hole: it takes no room on the disk.
    await truncate(large, 2 ** 30 + 1);
    await expect(runDecode([large])).rejects.toThrow(`"${large}" expected at most 1073741824 bytes`);
  });

  it("refuses as much of a pipe, whose size nobody knows before; one that ends sooner is read", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(new Uint8Array(1000));
    }
    await expect(readAll(endless(), '"pipe"', 10_000)).rejects.toThrow('"pipe" expected at most 10000 bytes');
    if (process.platform === "win32") return;
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const [{ out }] = await Promise.all([runDecode([pipe]), writeFile(pipe, game.capture)]);
    expect(out).toHaveLength(game.datagrams.length + 1);
  });

  it("a file of another kind", async () => {
    const other = join(folder, "other");
    await writeFile(other, "not a capture");
    await expect(runDecode([other])).rejects.toThrow(
      'expected a capture (pcap or pcapng), got 13 bytes that begin with "6e',
    );
  });

  it("a key log: without keys, or with a line that is cut, on standard error", async () => {
    const cut = join(folder, "cut.log");
    await writeFile(cut, game.keyLog.slice(0, 100));
    const { err } = await runDecode([capture, "--keys", cut]);
    expect(err).toEqual([
      expect.stringMatching(/^sortie decode: key log, line 1: "line" expected "SORTIE_V1"/),
      `sortie decode: the key log "${cut}" has no keys of Sortie`,
    ]);
  });
});
