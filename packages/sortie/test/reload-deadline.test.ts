import { execFileSync } from "node:child_process";
import type * as promises from "node:fs/promises";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { createConsoleLogger, generateIdentity, saveIdentity } from "../src/index.js";

/** ms for the files to be read. */
const LOAD_TIMEOUT_MS = 10_000;

/** Files whose opening does not end until they are let go. */
const held = { isHolding: false, letGo: [] as (() => void)[] };

async function holdable(original: () => Promise<typeof promises>): Promise<typeof promises> {
  const real = await original();
  const open: typeof real.open = async (...parameters) => {
    if (held.isHolding) await new Promise<void>((resolve) => held.letGo.push(resolve));
    return real.open(...parameters);
  };
  return { ...real, open };
}

let folder: string;
let key: string;
let stop: () => void;
let shown: number;
let lines: string[];
let timers: OwnTimers | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-reload-"));
  key = join(folder, "server.key");
  await saveIdentity(generateIdentity(), key);
  [shown, lines] = [0, []];
  const logger = createConsoleLogger({ json: true, write: (line) => void lines.push(line) });
  const server = { setIdentity: (): void => void (shown += 1) };
  // Other test files may have loaded the module already, with files as they are.
  vi.resetModules();
  vi.doMock("node:fs/promises", holdable);
  const { reloadIdentityOnSignal } = await import("../src/reload-identity.js");
  stop = reloadIdentityOnSignal(server, key, { logger, signal: "SIGUSR2" });
});

afterEach(async () => {
  stop();
  held.isHolding = false;
  for (const letGo of held.letGo.splice(0)) letGo();
  timers?.restore();
  timers = undefined;
  vi.doUnmock("node:fs/promises");
  vi.resetModules();
  await rm(folder, { recursive: true, force: true });
});

/** Waits by turns: the clock may be faked. The test's own deadline ends it. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** What a signal leads to. */
async function signal(): Promise<string> {
  const { length } = lines;
  process.emit("SIGUSR2");
  await until(() => lines.length > length);
  return lines.slice(length).join("");
}

describe("a reload of what cannot be read", () => {
  it.skipIf(process.platform === "win32")("a pipe: says so at once, and later ones go on", async () => {
    await rename(key, `${key}.old`);
    execFileSync("mkfifo", ["-m", "600", key]);
    expect(await signal()).toContain("(expected a regular file, got a pipe)");
    await rm(key);
    await rename(`${key}.old`, key);
    expect(await signal()).toContain("loaded again");
    await rm(key);
    await writeFile(key, "no key", { mode: 0o600 });
    expect(await signal()).toContain("stay as they were");
    expect(shown).toBe(1);
  });

  it("files that do not come: are given up after 10 s, later ones go on, and two may hang", async () => {
    const faked = (timers = new OwnTimers("/packages/sortie/src/", { toFake: ["setTimeout", "clearTimeout"] }));
    const hanging = async (): Promise<string> => {
      const [{ length: before }, { length: reads }] = [lines, held.letGo];
      process.emit("SIGUSR2");
      await until(() => held.letGo.length > reads);
      expect(faked.count).toBe(1);
      await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS - 1);
      expect(lines).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      return lines.slice(before).join("");
    };
    held.isHolding = true;
    expect(await hanging()).toContain("expected the files to be read within 10000 ms, got nothing");
    held.isHolding = false;
    expect(await signal()).toContain("loaded again");
    held.isHolding = true;
    expect(await hanging()).toContain("got nothing");
    held.isHolding = false;
    expect(await signal()).toContain("expected earlier reads of the files to end, got 2 that hang");
    expect(shown).toBe(1);
    for (const letGo of held.letGo.splice(0)) letGo();
    // What came too late is not shown: newer files may have been meanwhile.
    await until(async () => (await signal()).includes("loaded again"));
    expect(shown).toBe(2);
    expect(faked.count).toBe(0);
  });
});
