import { readFile } from "node:fs/promises";
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

/** Names in the first column of the table under a heading. */
async function documented(heading: string): Promise<string[]> {
  const readme = await text("packages/sortie/README.md");
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`packages/sortie/README.md expected the heading "${heading}"`);
  const cells = [...section.matchAll(/^\|([^|]*)\|/gm)].map((match) => match[1] as string);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] as string));
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
