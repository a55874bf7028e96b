import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueAuthority } from "@sortie/certificates";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, generateIdentity, saveIdentity, type Server } from "../src/index.js";
import { botsCommand } from "../src/cli/bots/bots.js";
import { certCommand } from "../src/cli/cert.js";
import { jsonText } from "../src/cli/json-text.js";
import { pingCommand } from "../src/cli/ping/ping.js";
import { recordGame } from "./support/recorded-game.js";
import { runCommand } from "./support/run-command.js";
import { runDecode } from "./support/run-decode.js";

/** CSI in 8 bits, and what turns the rest of a line around: JSON leaves both as they are. */
const HOSTILE = "bye\u009b2J\u009b31m\u202eevil";
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const identity = generateIdentity();
let folder = "";
let server: Server<unknown>;
let target: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-hidden-"));
  await saveIdentity(identity, join(folder, "root.key"));
  const authenticate = () => ({ accept: false, reason: HOSTILE }) as const;
  server = createServer({ protocol: "x/1", identity, host: "127.0.0.1", port: 0, authenticate });
  const { port } = await server.listen();
  target = [`127.0.0.1:${port}`, "--protocol", "x/1", "--key", join(folder, "root.pub")];
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe("the JSON of a command", () => {
  it("has the same meaning as any, and nothing that a terminal obeys or hides", () => {
    const value = { [HOSTILE]: [HOSTILE, "Ann 漢字 ñ 🎮", "\u{e0041}", "half \ud83d", null, 1.5, true] };
    expect(jsonText(value)).not.toMatch(HIDDEN);
    expect(JSON.parse(jsonText(value))).toEqual(value);
    // Whatever there is, told by number: a million characters would be no message.
    const isBad = (point: number): boolean => {
      const character = String.fromCodePoint(point);
      const text = jsonText([character]);
      return HIDDEN.test(text) || (JSON.parse(text) as string[])[0] !== character;
    };
    expect(Array.from({ length: 0x11_0000 }, (_, point) => point).filter(isBad)).toEqual([]);
    expect(jsonText(["\u009b\u202e\u007f\u2028\u{e0041}"])).toBe('["\\u009b\\u202e\\u007f\\u2028\\udb40\\udc41"]');
    expect(jsonText({ name: "Ann 漢字 ñ 🎮" })).toBe('{"name":"Ann 漢字 ñ 🎮"}');
  });

  it("ping tells what a server says so that no terminal obeys it", async () => {
    const { output } = await runCommand(pingCommand, ...target, "--json");
    expect(output).not.toMatch(HIDDEN);
    const { error } = JSON.parse(output) as { error: { message: string } };
    expect(error.message).toContain(HOSTILE);
  });

  it("bots does", async () => {
    const { output } = await runCommand(botsCommand, ...target, "--count", "1", "--duration", "0", "--json");
    expect(output).not.toMatch(HIDDEN);
    const { connects } = JSON.parse(output) as { connects: { examples: Record<string, string> } };
    expect(connects.examples["rejected"]).toContain(HOSTILE);
  });

  it("decode does with what a capture holds", async () => {
    const { capture, keyLog } = await recordGame("hello", HOSTILE);
    const [path, keys] = [join(folder, "game.pcap"), join(folder, "keys.log")];
    await writeFile(path, capture);
    await writeFile(keys, keyLog);
    const { out } = await runDecode([path, "--keys", keys, "--json"]);
    expect(out.filter((line) => HIDDEN.test(line))).toEqual([]);
    expect(out.map((line) => JSON.stringify(JSON.parse(line))).join()).toContain(HOSTILE);
  });
});

describe("sortie cert show of a certificate with hostile names", () => {
  const name = `evil${HOSTILE}`;
  let path = "";

  beforeAll(async () => {
    path = join(folder, "hostile.crt");
    await writeFile(path, issueAuthority({ key: identity, name }));
  });

  it("prints what is left of them without", async () => {
    const { output } = await runCommand(certCommand, "show", path);
    expect(output.split("\n").filter((line) => HIDDEN.test(line))).toEqual([]);
    expect(output).toContain("subject      CN=evilbye2J31mevil  (an authority)\nissuer       CN=evilbye2J31mevil\n");
  });

  it("tells them to programs as they stand", async () => {
    const { output } = await runCommand(certCommand, "show", path, "--json");
    expect(output).not.toMatch(HIDDEN);
    expect(JSON.parse(output)).toMatchObject([{ subject: `CN=${name}`, issuer: `CN=${name}` }]);
  });
});
