import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LinkProxyStatistics } from "@sortie/transport-memory";

/** Below the repository's root, where the runner starts. */
const COMMAND: string = join("packages", "sortie", "bin", "sortie.js");
const START_TIMEOUT_MS = 10_000;

/** `sortie proxy` as a process of its own. */
export class ProxyProcess {
  /** Where clients send to. */
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly output: string[];

  private constructor(child: ChildProcess, port: number, output: string[]) {
    this.child = child;
    this.port = port;
    this.output = output;
  }

  /** @param link as on the command line, the same both ways */
  static async start(targetPort: number, link: string, seed: number): Promise<ProxyProcess> {
    const args = [COMMAND, "proxy", `127.0.0.1:${targetPort}`, "--host", "127.0.0.1", "--json"];
    const child = spawn(process.execPath, [...args, "--link", link, "--seed", String(seed)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => output.push(line));
    const port = await new Promise<number>((resolve, reject) => {
      const errors: string[] = [];
      const timer = setTimeout(() => reject(new Error("sortie proxy did not start in time")), START_TIMEOUT_MS);
      createInterface({ input: child.stderr }).on("line", (line) => {
        errors.push(line);
        const match = /^proxy .*?:(\d+) -> /.exec(line);
        if (match !== null) resolve(Number(match[1]));
      });
      child.once("error", reject);
      child.once("close", () => reject(new Error(`sortie proxy ended: ${errors.join(" ")}`)));
      child.once("spawn", () => timer.unref());
    });
    return new ProxyProcess(child, port, output);
  }

  /** Ends it as Ctrl-C does, and gives its summary. */
  async stop(): Promise<LinkProxyStatistics> {
    const closed = new Promise<void>((resolve) => this.child.once("close", () => resolve()));
    this.child.kill("SIGINT");
    await closed;
    return JSON.parse(this.output.at(-1) ?? "") as LinkProxyStatistics;
  }
}
