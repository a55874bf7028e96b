import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ShownFields } from "./shown-fields.js";

const run = promisify(execFile);
const DISSECTOR = fileURLToPath(new URL("../../tools/wireshark/sortie.lua", import.meta.url));
/** bytes of output; ms. */
const LIMITS = { maxBuffer: 256 * 1024 * 1024, timeout: 120_000 };
/** Between values of one field: in no text of the recordings. */
const AGGREGATOR = ";";

/** "4.0.17", or undefined where tshark is not installed. */
export async function tsharkVersion(): Promise<string | undefined> {
  const { stdout } = await run("tshark", ["--version"], LIMITS).catch(() => ({ stdout: "" }));
  return /^TShark \(Wireshark\) (\d+\.\d+\.\d+)/m.exec(stdout)?.[1];
}

/** Values of these fields in each packet of a capture, as the dissector finds them. */
export async function dissect(capture: Uint8Array, keys: readonly string[]): Promise<ShownFields[]> {
  const folder = await mkdtemp(join(tmpdir(), "sortie-tshark-"));
  try {
    const file = join(folder, "capture.pcap");
    await writeFile(file, capture);
    const fields = keys.flatMap((key) => ["-e", key]);
    const format = ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", `aggregator=${AGGREGATOR}`];
    const args = ["-X", `lua_script:${DISSECTOR}`, "-n", "-r", file, ...format, ...fields];
    // A folder of its own: no plugins or preferences of whoever runs this.
    const env = { ...process.env, WIRESHARK_CONFIG_DIR: folder, HOME: folder };
    const { stdout } = await run("tshark", args, { ...LIMITS, env });
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => fieldsOfLine(keys, line));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function fieldsOfLine(keys: readonly string[], line: string): ShownFields {
  const cells = line.split("\t");
  const shown = keys.map(
    (key, index) => [key, (cells[index] ?? "").split(AGGREGATOR).filter((text) => text !== "")] as const,
  );
  return new Map(shown.filter(([, values]) => values.length > 0));
}
