import { decodeClientHello, type ClientHello } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { type KeyLogEntry, keyLogLine, parseKeyLogLine } from "../src/index.js";
import { accept, CLIENT_ID, craft, establishedKeys, newClient, SERVER_ID, stranger } from "./handshake-support.js";

const entry: KeyLogEntry = {
  clientRandom: new Uint8Array(32).fill(0x0a),
  clientConnectionId: 7,
  serverConnectionId: 0xffff_ffff,
  suite: 2,
  clientSecret: new Uint8Array(32).fill(0x1b),
  serverSecret: new Uint8Array(32).fill(0x2c),
};
const line = `SORTIE_V1 ${"0a".repeat(32)} 00000007 ffffffff 02 ${"1b".repeat(32)} ${"2c".repeat(32)}`;

describe("a key log line", () => {
  it("names the connection in a capture, and holds the secrets of both directions", () => {
    expect(keyLogLine(entry)).toBe(line);
    expect(line).toHaveLength(225);
    expect(parseKeyLogLine(line)).toEqual(entry);
    expect(parseKeyLogLine(`  ${line}\r`)).toEqual(entry);
  });

  it.each(["", "# made by hand", `CLIENT_RANDOM ${"00".repeat(32)} ${"00".repeat(48)}`, "SORTIE_V2 00"])(
    "passes over what is of others: %j",
    (other) => expect(parseKeyLogLine(other)).toBeUndefined(),
  );

  it.each([line.slice(0, -1), `${line}0`, `${line} 00`, line.replace(" 02 ", " 03 "), line.replace("0a", "0g")])(
    "is refused when it is damaged, without being repeated: %#",
    (damaged) => {
      expect(() => parseKeyLogLine(damaged)).toThrow(/^"line" expected "SORTIE_V1" and six fields .*, got \d+ char/);
      expect(() => parseKeyLogLine(damaged)).not.toThrow(/1b1b|2c2c/);
    },
  );
});

describe("what is no line, or nothing to make one of", () => {
  it.each<[unknown, string]>([
    [undefined, "undefined"],
    [null, "null"],
    [5, "a number"],
    [Buffer.from(line), "225 bytes"],
    [{}, "an object"],
    [[line], "an array"],
  ])("is refused as it is read, case %#", (given, got) => {
    const message = `"line" expected a string, got ${got}`;
    expect(() => parseKeyLogLine(given as string)).toThrow(new TypeError(message));
  });

  it.each<[unknown, string]>([
    [undefined, '"entry" expected an object, got undefined'],
    [null, '"entry" expected an object, got null'],
    [line, '"entry" expected an object, got a string'],
    [{}, '"clientRandom" expected 32 bytes, got undefined'],
    [{ ...entry, clientSecret: "1b".repeat(32) }, '"clientSecret" expected 32 bytes, got a string'],
    [{ ...entry, serverSecret: [...entry.serverSecret] }, '"serverSecret" expected 32 bytes, got an array'],
    [{ ...entry, serverSecret: new Uint8Array(31) }, '"serverSecret" expected 32 bytes, got 31'],
    [{ ...entry, suite: 3 }, '"suite" expected 1 or 2, got 3'],
    [{ ...entry, suite: undefined }, '"suite" expected 1 or 2, got undefined'],
    [{ ...entry, suite: "1b1b" }, '"suite" expected 1 or 2, got a string'],
    [{ ...entry, clientConnectionId: "1b1b" }, '"clientConnectionId" expected a number, got a string'],
    [{ ...entry, clientConnectionId: 7n }, '"clientConnectionId" expected a number, got a bigint'],
    [{ ...entry, serverConnectionId: 2 ** 32 }, '"serverConnectionId" expected 0..4294967295, got 4294967296'],
  ])("is refused as one is made, case %#", (given, message) => {
    expect(() => keyLogLine(given as KeyLogEntry)).toThrow(message);
  });
});

describe("the key log of a handshake", () => {
  it("hears the same line on both sides, once each", () => {
    const [ofClient, ofServer]: [string[], string[]] = [[], []];
    const client = newClient({ keyLog: (text) => ofClient.push(text) });
    const response = accept(client.hello(), { keyLog: (text) => ofServer.push(text) });
    const keys = establishedKeys(client.receive(response.packet));
    expect(client.receive(response.packet).kind).toBe("ignored");
    const { clientRandom } = decodeClientHello(client.hello()) as ClientHello;
    expect(ofClient).toEqual(ofServer);
    expect(ofClient.map(parseKeyLogLine)).toEqual([
      {
        clientRandom,
        clientConnectionId: CLIENT_ID,
        serverConnectionId: SERVER_ID,
        suite: keys.suite,
        clientSecret: keys.secrets.clientSecret,
        serverSecret: keys.secrets.serverSecret,
      },
    ]);
  });

  it("hears nothing of a server that is not the true one", () => {
    const lines: string[] = [];
    const client = newClient({ keyLog: (text) => lines.push(text) });
    expect(client.receive(craft(client.hello(), {}, stranger)).kind).toBe("ignored");
    expect(lines).toEqual([]);
  });
});
