import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

/** What an example prints, and what its comments say that it prints. */
export interface ExampleRun {
  readonly printed: unknown[];
  readonly promised: (string | undefined)[];
}

/** Runs TypeScript as it stands, from a file of its own beside this one, and catches what it logs. */
export async function runExample(code: string): Promise<ExampleRun> {
  const folder = await mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  const printed: unknown[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: unknown) => void printed.push(line));
  try {
    await writeFile(`${folder}/example.ts`, code);
    await import(`${folder}/example.ts`);
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true });
  }
  return { printed, promised: [...code.matchAll(/\/\/ prints "(.*)"$/gm)].map((match) => match[1]) };
}
