import type { OptionNames } from "@sortie/connection";
import {
  type AeadSource,
  composeProvider,
  type ComposedProvider,
  type CryptoProvider,
  nobleAeads,
} from "@sortie/handshake";
import { createNodeProvider, nodeAeads } from "@sortie/handshake/node";
import { loadOpensslAeads } from "@sortie/handshake/openssl";
import { loadSodiumAeads } from "@sortie/handshake/sodium";

/**
 * Which library encrypts packets. "auto" takes for each suite and size of packet what is quickest of all that is there.
 * A named one serves for the suites it has, node:crypto for the others. Whatever is chosen, the bytes are the same.
 */
export type AeadChoice = "auto" | "libsodium-wasm" | "noble" | "node:crypto" | "openssl-koffi" | "sodium-native";

const CHOICES: readonly AeadChoice[] = [
  "auto",
  "libsodium-wasm",
  "noble",
  "node:crypto",
  "openssl-koffi",
  "sodium-native",
];

/** The options that choose cryptography. */
export interface CryptoChoice {
  readonly crypto?: CryptoProvider | undefined;
  /**
   * Which library encrypts packets. Default "auto": libsodium in WebAssembly, which comes with this package; where
   * koffi is installed the OpenSSL within Node, called by it; and where sodium-native is, that for larger packets of
   * peers without AES. Not together with `crypto`.
   */
  readonly aead?: AeadChoice | undefined;
}

/** @internal See `checkOptionNames`. */
export const CRYPTO_CHOICE_NAMES: OptionNames<CryptoChoice> = { crypto: true, aead: true };

/** One instance for all servers and clients of a thread; undefined once it failed to load. */
let wasmAeads: Promise<AeadSource | undefined> | undefined;
/** AEADs of an optional package, one instance for a thread. */
interface OptionalAeads {
  readonly name: AeadChoice;
  readonly packageName: string;
  /** The one that it takes, where another one may lack what is called. */
  readonly version?: string;
  readonly load: () => AeadSource;
  /** undefined: not yet tried; null: not there. */
  loaded: AeadSource | null | undefined;
}

const openssl: OptionalAeads = {
  name: "openssl-koffi",
  packageName: "koffi",
  // As among the peer dependencies.
  version: "3.3.4",
  load: loadOpensslAeads,
  loaded: undefined,
};
const sodium: OptionalAeads = {
  name: "sodium-native",
  packageName: "sodium-native",
  load: loadSodiumAeads,
  loaded: undefined,
};

/**
 * The provider of the options, at once. WebAssembly loads in the background, some 20 ms at the first call in a thread;
 * keys made before that use what else there is. Throws TypeError or RangeError for bad options, Error when
 * "openssl-koffi" or "sodium-native" is asked for and cannot be loaded.
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
    case "openssl-koffi":
      return [required(openssl), nodeAeads];
    case "sodium-native":
      return [required(sodium), nodeAeads];
    case "auto":
      return [openssl, sodium].flatMap((aeads) => available(aeads) ?? []).concat(nodeAeads);
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

function required(aeads: OptionalAeads): AeadSource {
  try {
    return (aeads.loaded ??= aeads.load());
  } catch (error) {
    throw new Error(`"aead" is "${aeads.name}", which does not load: ${reasonOf(error, aeads)}`, { cause: error });
  }
}

function available(aeads: OptionalAeads): AeadSource | null {
  if (aeads.loaded !== undefined) return aeads.loaded;
  try {
    aeads.loaded = aeads.load();
  } catch (error) {
    aeads.loaded = null;
    // Most have not installed it, and Bun and Deno cannot use all: that needs no words.
    if (!isExpected(error, aeads.packageName)) {
      warn(`${aeads.name} does not load, other libraries encrypt instead: ${reasonOf(error, aeads)}`);
    }
  }
  return aeads.loaded;
}

/** Why they do not load. A TypeError is of something that another version does not have: it says little by itself. */
function reasonOf(error: unknown, { packageName, version }: OptionalAeads): string {
  if (isMissing(error, packageName)) return `is the package ${packageName} installed? ${String(error)}`;
  if (version === undefined || !(error instanceof TypeError)) return String(error);
  return `it takes ${packageName} ${version}, and another version seems to be installed (${String(error)})`;
}

function isExpected(error: unknown, packageName: string): boolean {
  return isMissing(error, packageName) || (error as { readonly code?: unknown }).code === "UNSUPPORTED_RUNTIME";
}

function isMissing(error: unknown, packageName: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return code === "MODULE_NOT_FOUND" && String(message).includes(`'${packageName}'`);
}

function warn(message: string): void {
  process.emitWarning(message, { code: "SORTIE_AEAD" });
}
