// Transport and cryptography of a Sortie process, by name.
import { composeProvider, nobleAeads } from "@sortie/handshake";
import { createNodeProvider, nodeAeads } from "@sortie/handshake/node";
import { createDgramTransport } from "@sortie/transport-dgram";

/** ms. Processes stand still while it is another pair's turn, and connections are to outlive that. */
export const IDLE_TIMEOUT_MS = 600_000;

/** Where AEADs come from, by name; loaded when asked for, since libraries may be missing. */
const AEADS = {
  node: async () => nodeAeads,
  noble: async () => nobleAeads,
  wasm: async () => (await import("@sortie/handshake/wasm")).loadWasmAeads(),
  openssl: async () => (await import("@sortie/handshake/openssl")).loadOpensslAeads(),
  sodium: async () => (await import("@sortie/handshake/sodium")).loadSodiumAeads(),
};
/** What a server takes by itself: without and with the native packages. */
const CHOICES = {
  old: ["wasm", "sodium", "node"],
  pure: ["wasm", "node"],
  fast: ["wasm", "openssl", "sodium", "node"],
};

/** What each part of the choice may be. */
const CRYPTO_NAMES = [...Object.keys(AEADS), ...Object.keys(CHOICES)];

/**
 * "pure": the quickest AEADs of what installs without native packages; "fast": of all there are; or one library by
 * name, with node:crypto for the suites that it lacks.
 */
export async function createCrypto(name = "pure") {
  if (!CRYPTO_NAMES.includes(name)) {
    throw new RangeError(`"crypto" expected one of ${CRYPTO_NAMES.join(", ")}, got "${name}"`);
  }
  const sources = await Promise.all((CHOICES[name] ?? [name]).map((one) => AEADS[one]()));
  const hasBothSuites = name in CHOICES || name === "node" || name === "noble";
  return composeProvider(createNodeProvider(), hasBothSuites ? sources : [...sources, nodeAeads]);
}

/** Not named where it is imported: the package may not be there. */
const MMSG_PACKAGE = "@sortie/transport-mmsg";

/** "dgram", or "mmsg" where @sortie/transport-mmsg can be loaded. */
export async function createTransport(name = "dgram", options = {}) {
  if (name === "dgram") return createDgramTransport(options);
  if (name !== "mmsg") throw new RangeError(`"transport" expected dgram or mmsg, got "${name}"`);
  const mmsg = await import(MMSG_PACKAGE).catch((cause) => {
    throw new Error(`"--transport mmsg" needs the package ${MMSG_PACKAGE}, which cannot be loaded`, { cause });
  });
  return mmsg.createMmsgTransport(options);
}

/** Whether the native parts are here: undefined, or why not. */
export async function whyNotFast() {
  try {
    await createCrypto("fast");
    await createTransport("mmsg", { host: "127.0.0.1" });
    return undefined;
  } catch (error) {
    return error.message;
  }
}
