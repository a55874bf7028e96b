// A long-running child process of the demo: its output line by line under a label, and an orderly end.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ROOT } from "./run.mjs";

/** ms. A process that was asked to stop and has not is killed. */
const STOP_TIMEOUT_MS = 10_000;

export class Child {
  #process;
  #script;
  #stopping = false;

  /** Starts a Node script with an IPC channel. */
  constructor(label, script, args) {
    this.#script = script;
    this.#process = spawn(process.execPath, [script, ...args], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // its own process group: Ctrl-C reaches the demo alone, which then stops its children in order
      detached: process.platform !== "win32",
      env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => console.log(`${label} ${line}`));
    createInterface({ input: this.#process.stderr }).on("line", (line) => console.error(`${label} ${line}`));
    /** Resolves with the exit code; 1 when a signal ended it. */
    this.exited = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", (code) => resolve(code ?? 1));
    });
  }

  /** Resolves with the first message of this type; rejects when the process ends before. */
  message(type) {
    return new Promise((resolve, reject) => {
      this.#process.on("message", (message) => message?.type === type && resolve(message));
      const ended = (code) => reject(new Error(`${this.#script} ended with exit code ${code} before it was ready`));
      this.exited.then(ended, reject);
    });
  }

  /** Asks the process to end, once; resolves with its exit code. */
  stop() {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#process.kill("SIGINT");
      const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
      this.exited.finally(() => clearTimeout(timer)).catch(() => undefined);
    }
    return this.exited;
  }

  kill() {
    this.#process.kill("SIGKILL");
  }
}
