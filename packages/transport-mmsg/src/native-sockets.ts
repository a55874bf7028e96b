import { endianness } from "node:os";
import { hostTimers } from "@sortie/transport-dgram/udp";
import { FdPoll } from "./fd-poll.js";
import { type Koffi, KOFFI_VERSION } from "./koffi.js";
import { SYSTEM_CALLS } from "./linux-abi.js";
import { LinuxSockets } from "./linux-sockets.js";
import { requireNative } from "./native-require.js";
import { otherRuntime } from "./other-runtime.js";
import { checkSystem } from "./system-check.js";

/** Why this process cannot use the batched calls. */
export type UnavailableCode =
  "platform" | "architecture" | "not-installed" | "version" | "not-loadable" | "refused" | "worker";

/** The sockets, or why there are none. */
export type NativeSockets =
  | { readonly sockets: LinuxSockets }
  | { readonly sockets: undefined; readonly code: UnavailableCode; readonly reason: string };

/** What is looked at; a test stands in for a machine. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly endianness: string;
  /** The runtime's name where it is not Node. */
  readonly runtime: string | undefined;
  /** Gives koffi's module. Throws where it cannot be had. */
  readonly requireKoffi: () => unknown;
}

const THIS_HOST: Host = {
  platform: process.platform,
  arch: process.arch,
  endianness: endianness(),
  runtime: otherRuntime(process.versions),
  requireKoffi: () => requireNative("koffi"),
};

/** ms. For how long nobody asks again a system that refused: what was in its way may go, as an interface comes up. */
const REFUSED_FOR_MS = 10_000;

/** The batched calls of this machine; found out once for each thread, a refusal every 10 s. Never throws. */
export const nativeSockets: () => NativeSockets = remembering(
  () => findNativeSockets(THIS_HOST),
  () => hostTimers.now(),
);

/**
 * What `find` gives, remembered as long as it holds.
 * @param now ms of a clock that only goes forward
 */
export function remembering(find: () => NativeSockets, now: () => number): () => NativeSockets {
  let found: NativeSockets | undefined;
  let holdsUntilMs = 0;
  return () => {
    if (found === undefined || now() >= holdsUntilMs) {
      found = find();
      holdsUntilMs = found.sockets === undefined && found.code === "refused" ? now() + REFUSED_FOR_MS : Infinity;
    }
    return found;
  };
}

/** Whether a host can do it, tried with a real socket. Never throws. */
export function findNativeSockets(host: Host): NativeSockets {
  const { platform, arch, runtime } = host;
  // Before koffi is loaded: Bun ends the process when a poll handle is made, and Deno makes one that never tells.
  if (runtime !== undefined) return unavailable("platform", `it takes poll handles of Node, and this is ${runtime}`);
  if (platform !== "linux") return unavailable("platform", `recvmmsg is a call of Linux, and this is ${platform}`);
  const numbers = SYSTEM_CALLS.get(arch);
  if (numbers === undefined || host.endianness !== "LE") {
    return unavailable("architecture", `it is made for x64 and arm64, and this is ${arch}, ${host.endianness}`);
  }
  let koffi: Koffi;
  try {
    koffi = host.requireKoffi() as Koffi;
  } catch (error) {
    const code = (error as { code?: unknown } | null)?.code;
    if (code === "MODULE_NOT_FOUND" && isAboutKoffi(error)) {
      return unavailable(
        "not-installed",
        `the optional package koffi is not installed (npm install koffi@${KOFFI_VERSION})`,
      );
    }
    return unavailable("not-loadable", `koffi cannot be loaded: ${messageOf(error)}`);
  }
  if (koffi?.version !== KOFFI_VERSION) {
    return unavailable("version", `it takes koffi ${KOFFI_VERSION}, and ${koffi?.version} is installed`);
  }
  try {
    const sockets = new LinuxSockets(koffi, numbers);
    checkSystem(sockets, (fd) => new FdPoll(koffi, fd, doNothing, doNothing).close());
    return { sockets };
  } catch (error) {
    return unavailable("refused", `the system or koffi refused it: ${messageOf(error)}`);
  }
}

function doNothing(): void {}

function unavailable(code: UnavailableCode, reason: string): NativeSockets {
  return { sockets: undefined, code, reason };
}

/** Not one of the packages with koffi's binary: that one is missing where a lockfile is of another platform. */
function isAboutKoffi(error: unknown): boolean {
  return messageOf(error).startsWith("Cannot find module 'koffi'");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] as string) : String(error);
}
