// `SORTIE_AEAD=libsodium-wasm npx vitest run tests/threats tests/connection`: both shipped providers, whoever makes
// them, encrypt with the named library. vitest.config.ts has this file run before the tests when the variable is set.
import { type AeadSource, composeProvider, createNobleProvider, nobleAeads } from "@sortie/handshake";
import { createNodeProvider, nodeAeads } from "@sortie/handshake/node";
import { loadOpensslAeads } from "@sortie/handshake/openssl";
import { loadSodiumAeads } from "@sortie/handshake/sodium";
import { loadWasmAeads } from "@sortie/handshake/wasm";

const SOURCES: Readonly<Record<string, () => Promise<readonly AeadSource[]>>> = {
  noble: async () => [nobleAeads],
  "node:crypto": async () => [nodeAeads],
  "libsodium-wasm": async () => [await loadWasmAeads(), nodeAeads],
  "sodium-native": async () => [loadSodiumAeads(), nodeAeads],
  "openssl-koffi": async () => [loadOpensslAeads(), nodeAeads],
  auto: async () => [await loadWasmAeads(), loadOpensslAeads(), loadSodiumAeads(), nodeAeads],
};

async function choose(choice: string): Promise<void> {
  const sources = SOURCES[choice];
  if (sources === undefined) {
    throw new RangeError(`SORTIE_AEAD expected one of ${Object.keys(SOURCES).join(", ")}, got "${choice}"`);
  }
  for (const provider of [createNobleProvider(), createNodeProvider()]) {
    const composed = composeProvider(provider, await sources());
    Object.defineProperties(Object.getPrototypeOf(provider), {
      createAead: { configurable: true, value: composed.createAead.bind(composed) },
      suitePreference: { configurable: true, value: composed.suitePreference },
    });
  }
}

await choose(process.env["SORTIE_AEAD"] ?? "auto");
