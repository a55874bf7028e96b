import { loadOpensslAeads } from "@sortie/handshake/openssl";
import { afterEach, expect, it, vi } from "vitest";
import { collectWarnings } from "./support/warnings.js";

const versions = Object.getOwnPropertyDescriptor(process, "versions") as PropertyDescriptor;

afterEach(() => {
  Object.defineProperty(process, "versions", versions);
  vi.resetModules();
});

/** As far as koffi goes: its own refusals are those of a process that is Node after all. */
async function modulesUnder(runtime: "bun" | "deno") {
  Object.defineProperty(process, "versions", { ...versions, value: { ...process.versions, [runtime]: "1.4.5" } });
  vi.resetModules();
  const crypto = await import("../src/default-crypto.js");
  const transport = await import("../src/default-transport.js");
  return { ...crypto, ...transport };
}

it.each([
  ["bun", "Bun"],
  ["deno", "Deno"],
] as const)("%s gets what works there and no warning; what was asked for by name says why not", async (key, name) => {
  const { defaultCrypto, defaultTransport } = await modulesUnder(key);
  const warnings = await collectWarnings(() => {
    expect(defaultCrypto({}).name).not.toContain("openssl-koffi");
    expect(defaultTransport().constructor.name).toBe("NodeDgramTransport");
  });
  expect(warnings).toEqual([]);
  expect(() => defaultTransport({}, "mmsg")).toThrow(`it takes poll handles of Node, and this is ${name}`);
  expect(() => defaultCrypto({ aead: "openssl-koffi" })).toThrow(
    `expected Node, whose program exports OpenSSL, got ${name}`,
  );
  expect(() => loadOpensslAeads()).toThrow(expect.objectContaining({ code: "UNSUPPORTED_RUNTIME" }) as Error);
});
