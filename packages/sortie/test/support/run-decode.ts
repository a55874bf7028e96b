import { vi } from "vitest";
import { decodeCommand } from "../../src/cli/decode.js";

/** What `sortie decode` printed, by lines. */
export interface DecodeOutput {
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Runs `sortie decode` in this process; rejects as it does. */
export async function runDecode(args: readonly string[], input: Uint8Array = new Uint8Array(0)): Promise<DecodeOutput> {
  const out: string[] = [];
  const err: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void out.push(line));
  const error = vi.spyOn(console, "error").mockImplementation((line: string) => void err.push(line));
  try {
    await decodeCommand({ readStandardInput: () => Promise.resolve(input) })
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .parseAsync(args, { from: "user" });
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
  return { out, err };
}
