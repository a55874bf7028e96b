import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const ROOT = new URL("../../", import.meta.url);
/** Declarations of what passages take for given; no TypeScript by its name, or every other test would see them. */
const GIVEN = new URL("given.txt", import.meta.url);

/** What the passage about packets takes for given, under names that mean something else in others. */
const PACKETS = "new PacketProtection(";
const GIVEN_FOR_PACKETS = `import type { CryptoProvider, EstablishedKeys } from "@sortie/handshake";
declare const crypto: CryptoProvider, keys: EstablishedKeys;
declare const buffer: Uint8Array, datagram: Uint8Array, out: Uint8Array;
declare const framesEnd: number, packetNumber: number, recoveredPacketNumber: number, nowMs: number;`;

/** A block of code, and where it stands. */
interface Block {
  readonly page: string;
  /** Of its first line. */
  readonly line: number;
  readonly code: string;
}

/** README files and guides; what decision records show is history. */
async function pages(): Promise<string[]> {
  const packages = (await readdir(new URL("packages/", ROOT))).map((name) => `packages/${name}/README.md`);
  const guides = (await readdir(new URL("docs/", ROOT))).filter((name) => name.endsWith(".md"));
  return ["README.md", ...packages, ...guides.map((name) => `docs/${name}`)];
}

/** Every block of TypeScript and JavaScript, whether it runs by itself or is a passage of a program. */
async function blocks(): Promise<Block[]> {
  const found: Block[] = [];
  for (const page of await pages()) {
    const text = await readFile(new URL(page, ROOT), "utf8").catch(() => "");
    for (const { 1: code = "", index } of text.matchAll(/^```(?:ts|js)\n([\s\S]*?)^```$/gm)) {
      found.push({ page, line: text.slice(0, index).split("\n").length + 1, code });
    }
  }
  return found;
}

it("the code in README files and guides has the types that its calls expect", async () => {
  const folder = await mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  try {
    const all = new Map<string, Block>();
    for (const [index, block] of (await blocks()).entries()) {
      const file = `${folder}/block-${index}.ts`;
      // A module even where it imports nothing, so that it may await.
      await writeFile(file, `${block.code}${block.code.includes(PACKETS) ? GIVEN_FOR_PACKETS : "export {};"}\n`);
      all.set(file, block);
    }
    expect(all.size).toBeGreaterThan(25);
    const path = fileURLToPath(new URL("tsconfig.test.json", ROOT));
    const files = [...all.keys(), `${folder}/given.d.ts`];
    await copyFile(GIVEN, `${folder}/given.d.ts`);
    const { options } = ts.parseJsonConfigFileContent({ extends: path, files }, ts.sys, folder);
    // What an example names to show that it is there, it need not use.
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false });
    const told = [...all].flatMap(([file, { page, line }]) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText, start }) => {
        const at = line + program.getSourceFile(file)!.getLineAndCharacterOfPosition(start ?? 0).line;
        return `${page}:${at}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
      }),
    );
    expect(told).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
