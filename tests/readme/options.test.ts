import { readFile } from "node:fs/promises";
import { createClient, createServer, generateIdentity, type ServerOptions } from "sortie";
import { describe, expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);

function text(path: string): Promise<string> {
  return readFile(new URL(path, ROOT), "utf8");
}

/** Names of the members of an exported interface or type of a package. */
async function membersOf(name: string, packageName: string): Promise<string[]> {
  const api = await text(`docs/api/${packageName}.txt`);
  const body = new RegExp(`^export (?:interface|type) ${name}\\b[\\s\\S]*?^}`, "m").exec(api)?.[0];
  if (body === undefined) throw new Error(`docs/api/${packageName}.txt expected "${name}"`);
  const picked = /Pick<\w+, ([^>]*)>/.exec(body)?.[1]?.matchAll(/"(\w+)"/g) ?? [];
  return [...body.matchAll(/^ {4}readonly (\w+)\??:/gm), ...picked].map((match) => match[1] as string);
}

/** Cells of the rows of the table under a heading. */
async function rowsOf(heading: string): Promise<string[][]> {
  const readme = await text("packages/sortie/README.md");
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`packages/sortie/README.md expected the heading "${heading}"`);
  const rows = [...section.matchAll(/^\|(.*)\|$/gm)].map((match) => (match[1] as string).split("|"));
  return rows.map((cells) => cells.map((cell) => cell.trim()));
}

/** The names in a cell. */
function namesIn(cell: string = ""): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] as string);
}

/** Names in the first column of the table under a heading. */
async function documented(heading: string): Promise<string[]> {
  return (await rowsOf(heading)).flatMap(([cell]) => namesIn(cell));
}

/** "65,536" or "2^30-1". */
function numberOf(written: string): number {
  const [, base = "", exponent, less = "0"] = /^([\d,]+)(?:\^(\d+))?(?:-(\d+))?$/.exec(written) ?? [];
  return Number(base.replaceAll(",", "")) ** Number(exponent ?? 1) - Number(less);
}

/** Options whose whole range is two numbers: name, least, greatest. */
async function rangesOf(heading: string): Promise<[name: string, least: number, greatest: number][]> {
  const found: [string, number, number][] = [];
  for (const [names, , range = ""] of await rowsOf(heading)) {
    const [, least, greatest] = /^([\d,^-]+)\.\.([\d,^-]+)(?=$|;|, or 0$)/.exec(range) ?? [];
    if (least === undefined || greatest === undefined) continue;
    for (const name of namesIn(names)) found.push([name, numberOf(least), numberOf(greatest)]);
  }
  return found;
}

const IDENTITY = generateIdentity();

/** What an option is refused with; "accepted" when it is not. */
function outcome(name: string, value: number, make: (options: object) => unknown): string {
  try {
    make({ [name]: value });
    return "accepted";
  } catch (error) {
    return String(error);
  }
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** Of both sides, where the facade has them. */
async function membersOfBoth(): Promise<string[]> {
  return [
    ...(await membersOf("ProtocolOptions", "connection")),
    ...(await membersOf("CryptoChoice", "sortie")),
    ...(await membersOf("KeyLogChoice", "sortie")),
  ];
}

describe("README of sortie", () => {
  it("names every option of createServer, and no other", async () => {
    const members = [
      ...(await membersOfBoth()),
      ...(await membersOf("ServerBaseOptions", "server")),
      ...(await membersOf("ServerBaseOptions", "sortie")),
      ...(await membersOf("PeerDataOptions", "server")),
    ];
    const names = [...(await documented("Options of createServer")), ...(await documented("Options of both"))];
    expect(members).toContain("reusePort");
    expect(sorted(names)).toEqual(sorted(members));
    expect(names).toHaveLength(new Set(names).size);
  });

  it.each<[string, number, (options: object) => unknown]>([
    [
      "Options of createServer",
      8,
      (options) => createServer({ protocol: "p", identity: IDENTITY, maxHalfOpen: 1, ...options }),
    ],
    [
      "Options of both",
      5,
      (options) =>
        createServer({
          protocol: "p",
          identity: IDENTITY,
          // Of any size that a message may have.
          receiveWindowBytes: 2 ** 40,
          ...(options as Partial<ServerOptions>),
        }),
    ],
    [
      "Options of connect and createClient",
      2,
      (options) => {
        const given = { host: "127.0.0.1", port: 9, protocol: "p", serverKey: IDENTITY.publicKey, ...options };
        return createClient(given).close();
      },
    ],
  ])("tells the ranges of %s as they are", async (heading, least, make) => {
    const ranges = await rangesOf(heading);
    expect(ranges.length).toBeGreaterThanOrEqual(least);
    for (const [name, min, max] of ranges) {
      for (const inside of [min, max]) expect(outcome(name, inside, make), `${name}: ${inside}`).toBe("accepted");
      // 0 means something of its own to some.
      for (const outside of [min === 1 ? -1 : min - 1, max + 1]) {
        expect(outcome(name, outside, make), `${name}: ${outside}`).toMatch(`"${name}" expected`);
      }
    }
  });

  it("names every option of connect, and no other", async () => {
    const members = [
      ...(await membersOfBoth()),
      ...(await membersOf("ClientOptions", "client")),
      ...(await membersOf("ClientOptions", "sortie")),
    ];
    const names = [
      ...(await documented("Options of connect and createClient")),
      ...(await documented("Options of both")),
    ];
    expect(members).toContain("keepAliveMs");
    expect(sorted(names)).toEqual(sorted(members));
    expect(names).toHaveLength(new Set(names).size);
  });
});
