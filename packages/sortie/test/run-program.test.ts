import { afterEach, expect, it, vi } from "vitest";
import { sortieProgram } from "../src/cli/program.js";
import { runProgram } from "../src/cli/run-program.js";

const { exitCode } = process;

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = exitCode;
});

/** What is printed to standard output and error; fails where the process would have been ended at once. */
async function run(...args: string[]): Promise<{ out: string; err: string; status: unknown }> {
  const printed = { out: "", err: "" };
  vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((printed.out += String(text))));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((printed.err += String(text))));
  vi.spyOn(console, "error").mockImplementation((text) => void (printed.err += `${String(text)}\n`));
  vi.spyOn(process, "exit").mockImplementation((status) => {
    throw new Error(`the process was ended with ${String(status)}, whatever was still to be written`);
  });
  process.exitCode = undefined;
  await runProgram(sortieProgram(), ["node", "sortie", ...args]);
  return { ...printed, status: process.exitCode ?? 0 };
}

it.each([
  ["of all commands", ["--help"], "Usage: sortie "],
  ["of one", ["ping", "--help"], "Usage: sortie ping "],
  ["of one within another", ["cert", "show", "--help"], "Usage: sortie cert show "],
  ["by its command", ["help", "ping"], "Usage: sortie ping "],
  ["that is a version", ["--version"], "0."],
])("help %s ends when it is written: that it cannot be shows only then", async (_what, args, start) => {
  const { out, err, status } = await run(...args);
  expect(out.startsWith(start)).toBe(true);
  expect([err, status]).toEqual(["", 0]);
});

it.each([
  ["an option that there is not", ["keygen", "--forec"], /^error: unknown option '--forec'/],
  ["a value that is none", ["ping", "x:1", "--count", "many"], /^error: option '-c, --count <number>' .* is invalid/],
  ["an argument that is not there", ["cert", "show"], /^error: missing required argument 'file'/],
  ["a hostile name", ["cert", "show", "\u009b2J\n\u202e"], /^sortie: .* "\\u009b2J\n\\u202e" \(ENOENT\)/],
  ["a failure", ["cert", "show", "nowhere.crt"], /^sortie: cannot read the certificate "nowhere\.crt" \(ENOENT\)/],
])("%s is told once, with status 1", async (_what, args, words) => {
  const { out, err, status } = await run(...args);
  expect(err).toMatch(words);
  expect(err.match(/^(error|sortie): /gm)).toHaveLength(1);
  expect([out, status]).toEqual(["", 1]);
});
