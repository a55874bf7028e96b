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
