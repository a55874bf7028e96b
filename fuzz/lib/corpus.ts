import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const FUZZ_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)));

/** First hexadecimal digits of the SHA-256: the name of an input's file. */
export function nameOf(input: Uint8Array): string {
  return createHash("sha256").update(input).digest("hex").slice(0, 16);
}

function folderOf(target: string): string {
  return join(FUZZ_FOLDER, "corpus", target);
}

/** Committed inputs of a target, in the order of their names. */
export function readCorpus(target: string): Uint8Array[] {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).sort();
  return names.map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

/** Makes the folder hold these inputs and no others; returns them without duplicates. */
export function writeCorpus(target: string, inputs: readonly Uint8Array[]): Uint8Array[] {
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const wanted = new Map(inputs.map((input) => [nameOf(input), input]));
  for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(join(folder, name));
  for (const [name, input] of wanted) writeFileSync(join(folder, name), input);
  return [...wanted.values()];
}

/** Keeps an input that broke a property, with what is known of it beside; returns its path. */
export function writeFinding(target: string, input: Uint8Array, report: string): string {
  const folder = join(FUZZ_FOLDER, "findings");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${target}-${nameOf(input)}`);
  writeFileSync(path, input);
  writeFileSync(`${path}.txt`, `${report}\n\nReplay: node fuzz/run.mjs ${target} --replay ${path}\n`);
  return path;
}
