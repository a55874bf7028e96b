import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { allVectors } from "./generate/all-vectors.js";
import { hasPython } from "./python-process.js";

const VECTORS = fileURLToPath(new URL("../../docs/vectors/", import.meta.url));
const CHECKER = fileURLToPath(new URL("check_vectors.py", import.meta.url));

/** scripts/make-vectors.mjs runs this file with it. */
const WRITE = process.env["SORTIE_WRITE_VECTORS"] === "1";

if (!hasPython) console.warn("conformance: python3 was not found, the vectors are not checked by it");

describe("conformance vectors", () => {
  it("are up to date (scripts/make-vectors.mjs writes them)", () => {
    const expected = allVectors();
    if (WRITE) {
      mkdirSync(VECTORS, { recursive: true });
      for (const [name, text] of expected) writeFileSync(VECTORS + name, text);
    }
    expect(readdirSync(VECTORS).sort()).toEqual([...expected.keys()].sort());
    for (const [name, text] of expected) {
      // Compared as a condition: the difference of two long files helps nobody.
      expect(readFileSync(VECTORS + name, "utf8") === text, `${name} is what the code makes`).toBe(true);
    }
  });

  it.skipIf(!hasPython)("are verified by a decoder in another language, from docs/PROTOCOL.md alone", () => {
    const { status, stdout, stderr } = spawnSync("python3", [CHECKER, VECTORS], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^all \d+ checks passed/m);
    expect(status).toBe(0);
  });
});
