// One writer at a time for node_modules and the dist folders, across processes: a file that names its holder.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "./run.mjs";

const POLL_MS = 100;
/** ms. Longer than a first install and build on a slow machine. */
const MAX_WAIT_MS = 15 * 60_000;
/** ms. A lock file is created and then filled; one that stays empty for longer was left by a crash. */
const MAX_EMPTY_MS = 5_000;

/** Takes the lock and resolves with the function that releases it; waits while another run holds it. */
export async function acquireLock(name) {
  const folder = join(ROOT, ".turbo");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.lock`);
  const deadline = performance.now() + MAX_WAIT_MS;
  let announced = false;
  while (!tryCreate(path)) {
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (isAbandoned(path, holder)) {
      discard(path, holder);
      continue;
    }
    if (!announced) console.log(`waiting for another run to finish its ${name} (process ${holder})`);
    announced = true;
    if (performance.now() > deadline) throw new Error(`gave up waiting for ${path}, held by process ${holder}`);
    await sleep(POLL_MS);
  }
  let held = true;
  const release = () => {
    if (held) rmSync(path, { force: true });
    held = false;
  };
  process.once("exit", release);
  return release;
}

export async function withLock(name, action) {
  const release = await acquireLock(name);
  try {
    return await action();
  } finally {
    release();
  }
}

function tryCreate(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isAbandoned(path, holder) {
  if (holder === "") return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > MAX_EMPTY_MS;
  try {
    process.kill(Number(holder), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Removes a dead holder's file; moved aside first, so that of two waiters only one removes it. */
function discard(path, holder) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, "utf8") === holder) rmSync(aside);
    else renameSync(aside, path); // a living holder came in between
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
