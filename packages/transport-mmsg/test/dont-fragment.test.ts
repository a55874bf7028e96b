import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProcess, isAvailable } from "./support.js";

/** ms. Bundling, and a process or two, perhaps on a machine with other work. */
const PATIENCE_MS = 60_000;
/** A shell in network namespaces of its own, whose loopback has the MTU of the smallest IPv6 link. */
const IN_NAMESPACE = ["-Urn", "sh", "-c", 'ip link set lo mtu 1280 up && exec "$@"', "sh"];

function hasNamespaces(): boolean {
  try {
    execFileSync("unshare", [...IN_NAMESPACE, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false; // not Linux, or not allowed here
  }
}

describe.runIf(isAvailable && hasNamespaces())("a link whose MTU is 1280 bytes", () => {
  let process: Awaited<ReturnType<typeof bundleProcess>>;

  beforeAll(async () => {
    process = await bundleProcess("sizes");
  }, PATIENCE_MS);

  afterAll(() => process.remove());

  // Headers of IPv4 and UDP take 28 bytes, of IPv6 and UDP 48.
  it.each([
    ["IPv4", "127.0.0.1", "127.0.0.1", 1252],
    ["IPv6", "::1", "::1", 1232],
    ["IPv4 peers of an IPv6 socket", "::", "127.0.0.1", 1252],
  ])(
    "%s: what fits arrives whole, what does not is an error of sending and no fragments",
    async (_name, local, target, largest) => {
      const sizes = [1200, largest, largest + 1, 1452].map(String);
      const args = [...IN_NAMESPACE, globalThis.process.execPath, process.path, local, target, ...sizes];
      const { stdout } = await promisify(execFile)("unshare", args);
      expect(JSON.parse(stdout)).toEqual({ arrived: [1200, largest], sendErrors: 2, tooLarge: 2, fragments: 0 });
    },
    PATIENCE_MS,
  );
});
