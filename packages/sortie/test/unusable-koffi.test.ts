import { readFile } from "node:fs/promises";
import { afterEach, expect, it, vi } from "vitest";
import { collectWarnings } from "./support/warnings.js";

afterEach(() => {
  vi.doUnmock("@sortie/handshake/openssl");
  vi.resetModules();
});

/** The module under test, in a thread where this comes of an attempt to use koffi. */
async function cryptoWhere(error: Error) {
  vi.resetModules();
  vi.doMock("@sortie/handshake/openssl", () => ({
    loadOpensslAeads: () => {
      throw error;
    },
  }));
  return import("../src/default-crypto.js");
}

it("another version of koffi is named as what is in the way, once", async () => {
  const { defaultCrypto } = await cryptoWhere(new TypeError("koffi.load is not a function"));
  const warnings = await collectWarnings(() => {
    for (let i = 0; i < 3; i++) expect(defaultCrypto({}).name).not.toContain("openssl-koffi");
  });
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { koffi } = (JSON.parse(manifest) as { peerDependencies: { koffi: string } }).peerDependencies;
  const reason =
    `it takes koffi ${koffi}, and another version seems to be installed ` + "(TypeError: koffi.load is not a function)";
  expect(warnings.map(({ code, message }) => [code, message])).toEqual([
    ["SORTIE_AEAD", `openssl-koffi does not load, other libraries encrypt instead: ${reason}`],
  ]);
  expect(() => defaultCrypto({ aead: "openssl-koffi" })).toThrow(
    `"aead" is "openssl-koffi", which does not load: ${reason}`,
  );
});

it("a koffi that does not load says why itself; one that is not there is asked for by name alone", async () => {
  const broken = await cryptoWhere(new Error("libfoo.so: GLIBC_2.99 not found"));
  const warnings = await collectWarnings(() => void broken.defaultCrypto({}));
  expect(warnings.map(({ message }) => message)).toEqual([
    "openssl-koffi does not load, other libraries encrypt instead: Error: libfoo.so: GLIBC_2.99 not found",
  ]);
  const missing = await cryptoWhere(
    Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" }),
  );
  expect(await collectWarnings(() => void missing.defaultCrypto({}))).toEqual([]);
  expect(() => missing.defaultCrypto({ aead: "openssl-koffi" })).toThrow(
    "which does not load: is the package koffi installed? Error: Cannot find module 'koffi'",
  );
});
