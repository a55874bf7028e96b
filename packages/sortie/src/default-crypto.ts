import {
  type AeadSource,
  composeProvider,
  type ComposedProvider,
  type CryptoProvider,
  nobleAeads,
} from "@sortie/handshake";
import { createNodeProvider, nodeAeads } from "@sortie/handshake/node";
import { loadSodiumAeads } from "@sortie/handshake/sodium";

/**
 * Which library encrypts packets. "auto" takes for each suite and size of packet what is quickest of all that is there.
 * A named one serves for the suites it has, node:crypto for the others. Whatever is chosen, the bytes are the same.
 */
export type AeadChoice = "auto" | "libsodium-wasm" | "noble" | "node:crypto" | "sodium-native";

const CHOICES: readonly AeadChoice[] = ["auto", "libsodium-wasm", "noble", "node:crypto", "sodium-native"];

/** The options that choose cryptography. */
export interface CryptoChoice {
  readonly crypto?: CryptoProvider;
  /**
   * Which library encrypts packets. Default "auto": libsodium in WebAssembly, which comes with this package, and
   * sodium-native for larger packets where that is installed. Not together with `crypto`.
   */
  readonly aead?: AeadChoice;
}

/** One instance for all servers and clients of a thread; undefined once it failed to load. */
let wasmAeads: Promise<AeadSource | undefined> | undefined;
/** undefined: not yet tried; null: not there. */
let sodiumAeads: AeadSource | null | undefined;

/**
 * The provider of the options, at once. WebAssembly loads in the background, some 20 ms at the first call in a thread;
 * keys made before that use node:crypto or sodium-native. Throws TypeError or RangeError for bad options, Error when
 * "sodium-native" is asked for and cannot be loaded.
 */
export function defaultCrypto(options: CryptoChoice): CryptoProvider {
  return start(options).crypto;
}

/** The same once everything is loaded. Rejects for what `defaultCrypto` throws for. */
export async function loadedCrypto(options: CryptoChoice): Promise<CryptoProvider> {
  const { crypto, ready } = start(options);
  await ready;
  return crypto;
}

function start(options: CryptoChoice): { readonly crypto: CryptoProvider; readonly ready: Promise<void> } {
  const { aead, crypto } = options;
  if (aead !== undefined && !CHOICES.includes(aead)) {
    throw new RangeError(`"aead" expected one of "${CHOICES.join('", "')}", got ${String(aead)}`);
  }
  if (crypto !== undefined) {
    if (aead !== undefined) throw new TypeError('"aead" expected to stand without "crypto", got both');
    return { crypto, ready: Promise.resolve() };
  }
  const choice = aead ?? "auto";
  const composed = composeProvider(createNodeProvider(), sourcesOf(choice));
  if (choice !== "auto" && choice !== "libsodium-wasm") return { crypto: composed, ready: Promise.resolve() };
  return { crypto: composed, ready: addWasm(composed) };
}

/** What serves from the first moment. */
function sourcesOf(choice: AeadChoice): readonly AeadSource[] {
  switch (choice) {
    case "noble":
      return [nobleAeads];
    case "sodium-native":
      return [requiredSodium(), nodeAeads];
    case "auto": {
      const sodium = availableSodium();
      return sodium === null ? [nodeAeads] : [sodium, nodeAeads];
    }
    default:
      return [nodeAeads];
  }
}

async function addWasm(composed: ComposedProvider): Promise<void> {
  wasmAeads ??= import("@sortie/handshake/wasm").then(({ loadWasmAeads }) => loadWasmAeads()).catch(warnOfWasm);
  const source = await wasmAeads;
  if (source !== undefined) composed.add(source);
}

function warnOfWasm(error: unknown): undefined {
  warn(`libsodium-wasm does not load, other libraries encrypt instead: ${String(error)}`);
}

function requiredSodium(): AeadSource {
  try {
    return (sodiumAeads ??= loadSodiumAeads());
  } catch (error) {
    throw new Error(`"aead" is "sodium-native", which does not load: is the package installed? ${String(error)}`, {
      cause: error,
    });
  }
}

function availableSodium(): AeadSource | null {
  if (sodiumAeads !== undefined) return sodiumAeads;
  try {
    sodiumAeads = loadSodiumAeads();
  } catch (error) {
    sodiumAeads = null;
    // Most have not installed it, which needs no words.
    if (!isNotInstalled(error)) warn(`sodium-native does not load, other libraries encrypt instead: ${String(error)}`);
  }
  return sodiumAeads;
}

function isNotInstalled(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return code === "MODULE_NOT_FOUND" && String(message).includes("'sodium-native'");
}

function warn(message: string): void {
  process.emitWarning(message, { code: "SORTIE_AEAD" });
}
