// Module hooks of a fuzzing thread: runs TypeScript sources as they stand, those under test with counters.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { translate } from "./instrument.mjs";

const UNDER_TEST = /[/\\]packages[/\\](?!testkit|transport-memory)[^/\\]+[/\\]src[/\\]/;

export async function resolve(specifier, context, nextResolve) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && context.parentURL?.endsWith(".ts")) {
    const url = new URL(specifier.replace(/\.js$/, ".ts"), context.parentURL);
    if (existsSync(url)) return { url: url.href, format: "module", shortCircuit: true };
  }
  return nextResolve(specifier, { ...context, conditions: [...context.conditions, "@sortie/source"] });
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const source = translate(path, readFileSync(path, "utf8"), UNDER_TEST.test(path));
  return { format: "module", source, shortCircuit: true };
}
