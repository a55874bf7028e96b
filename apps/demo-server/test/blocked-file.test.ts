import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, generateIdentity } from "sortie";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BlockedFile } from "../src/blocked-file.js";
import { rangeKey } from "../src/ip-range.js";

let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "arena-blocked-"));
  path = join(folder, "blocked.txt");
});

afterEach(() => rm(folder, { recursive: true }));

const newServer = (): ReturnType<typeof createServer> =>
  createServer({ protocol: "arena/1", identity: generateIdentity(), port: 0 });

describe("a file of blocked addresses", () => {
  it("has one a line, with comments, whatever ends the lines", async () => {
    const server = newServer();
    await writeFile(path, "# all\r\n\r\n  192.0.2.1 # a cheat\r\n10.0.0.0/8#lan\n2001:db8::/32");
    expect(await new BlockedFile(path, server).load()).toEqual({ blocked: 3, added: 3, removed: 0 });
    expect(server.blocked).toEqual(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]);
  });

  it("blocks what is new, unblocks what is gone, and leaves alone what operators blocked", async () => {
    const server = newServer();
    const file = new BlockedFile(path, server);
    await writeFile(path, "192.0.2.1\n192.0.2.2");
    await file.load();
    server.block("203.0.113.0/24");
    await writeFile(path, "192.0.2.2\n192.0.2.3");
    expect(await file.load()).toEqual({ blocked: 2, added: 1, removed: 1 });
    expect(server.blocked).toEqual(["192.0.2.2", "192.0.2.3", "203.0.113.0/24"]);
    await writeFile(path, "");
    expect(await file.load()).toEqual({ blocked: 0, added: 0, removed: 2 });
    expect(server.blocked).toEqual(["203.0.113.0/24"]);
  });

  it("is blocked again where an operator unblocked some of it, and the log tells what changed", async () => {
    const server = newServer();
    const file = new BlockedFile(path, server);
    await writeFile(path, "192.0.2.1\n192.0.2.2\n192.0.2.3");
    await file.load();
    server.unblock("192.0.2.1");
    expect(await file.load()).toEqual({ blocked: 3, added: 1, removed: 0 });
    expect(await file.load()).toEqual({ blocked: 3, added: 0, removed: 0 });
    expect(server.blocked).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
    server.unblock("192.0.2.2");
    server.unblock("192.0.2.3");
    server.block("192.0.2.4");
    await writeFile(path, "192.0.2.1\n192.0.2.2\n192.0.2.4\n192.0.2.5");
    expect(await file.load()).toEqual({ blocked: 4, added: 2, removed: 0 });
    expect(server.blocked).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5"]);
  });

  it("knows a range in any spelling", async () => {
    const server = newServer();
    const file = new BlockedFile(path, server);
    await writeFile(path, "10.0.0.0/8\n10.1.2.3/8\n2001:db8:0:0::1");
    await file.load();
    await writeFile(path, "::ffff:10.9.9.9/104\n2001:DB8::1");
    expect(await file.load()).toEqual({ blocked: 2, added: 0, removed: 0 });
    expect(server.blocked).toEqual(["10.0.0.0/8", "2001:db8::1"]);
  });

  it.each([
    ["192.0.2.0/33", '"192.0.2.0/33"'],
    ["192.0.2.0/", '"192.0.2.0/"'],
    ["192.0.2.1 192.0.2.2", '"192.0.2.1 192.0.2.2"'],
    ["fe80::1%eth0", '"fe80::1%eth0"'],
    ["\u001b[2J", '"\\u001b[2J"'],
  ])("with %j in it changes nothing, and its line is named", async (entry, got) => {
    const server = newServer();
    const file = new BlockedFile(path, server);
    await writeFile(path, "192.0.2.1\n");
    await file.load();
    await writeFile(path, `198.51.100.1\n${entry}\n`);
    const expected = `${path}:2: expected an IP address or a range such as 10.0.0.0/8, got ${got}`;
    await expect(file.load()).rejects.toThrow(new Error(expected));
    expect(server.blocked).toEqual(["192.0.2.1"]);
  });

  it("that does not fit beside what is blocked already changes nothing", async () => {
    const blocked = new Set(["192.0.2.9"]);
    const server = {
      block: (entries: readonly string[]): void => {
        if (new Set([...blocked, ...entries]).size > 2) throw new RangeError("full");
        for (const entry of entries) blocked.add(entry);
      },
      unblock: (entry: string): boolean => blocked.delete(entry),
      get blockedCount(): number {
        return blocked.size;
      },
    };
    const file = new BlockedFile(path, server);
    await writeFile(path, "192.0.2.1");
    await file.load();
    await writeFile(path, "192.0.2.2\n192.0.2.3");
    await expect(file.load()).rejects.toThrow(`"${path}" cannot be blocked: full`);
    expect([...blocked].sort()).toEqual(["192.0.2.1", "192.0.2.9"]);
    await writeFile(path, "192.0.2.2");
    expect(await file.load()).toEqual({ blocked: 1, added: 1, removed: 1 });
  });

  it("is a regular file", async () => {
    await expect(new BlockedFile(path, newServer()).load()).rejects.toThrow(`"${path}" (ENOENT)`);
    await expect(new BlockedFile(folder, newServer()).load()).rejects.toThrow("expected a regular file");
  });

  it.skipIf(process.platform === "win32")("is no device, whose end may never come", async () => {
    await expect(new BlockedFile("/dev/zero", newServer()).load()).rejects.toThrow("expected a regular file");
  });

  it.each([
    ["0.0.0.0/0", "ffff/96"],
    ["::/0", "0/0"],
    ["::1", "1/128"],
    ["1::", `1${"0".repeat(28)}/128`],
    ["::ffff:1.2.3.4", "ffff01020304/128"],
  ])("%s is %s", (text, key) => expect(rangeKey(text)).toBe(key));
});
