import type { Logger } from "@sortie/connection";
import { createConsoleLogger } from "sortie";

/** A logger whose lines are kept: "LEVEL message name=value", without the time. */
export function recordingLogger(level: keyof Logger = "debug"): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line.replace(/^\S+ (\w+) +/, "$1 "));
  return { logger: createConsoleLogger({ level, write }), lines };
}
