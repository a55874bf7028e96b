import { networkInterfaces } from "node:os";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { fastTransport } from "../src/create-fast-transport.js";
import { KOFFI_VERSION } from "../src/koffi.js";
import { SYSTEM_CALLS } from "../src/linux-abi.js";
import { findNativeSockets, type Host, type NativeSockets, remembering } from "../src/native-sockets.js";
import { otherRuntime } from "../src/other-runtime.js";
import { Inbox, isAvailable, koffi, sendAll } from "./support.js";

const linux: Host = {
  platform: "linux",
  arch: process.arch,
  endianness: "LE",
  runtime: undefined,
  requireKoffi: koffi,
};

function throwing(message: string, code?: string): () => never {
  return () => {
    throw Object.assign(new Error(message), { code });
  };
}

/** koffi with some of it replaced. */
function altered(changes: object): () => unknown {
  return () => ({ ...koffi(), ...changes });
}

/** koffi whose functions of these names always answer -1. */
function refusing(...refused: string[]): () => unknown {
  return altered({
    load: (path: null) => {
      const library = koffi().load(path);
      const func = (name: string, ...rest: [string, string[]]) =>
        refused.includes(name) ? () => -1 : library.func(name, ...rest);
      return { func };
    },
    errno: () => 38, // ENOSYS
  });
}

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

/** koffi must not even be looked for there. */
const bun: Partial<Host> = { runtime: "Bun", requireKoffi: () => expect.unreachable() };
const missing = throwing("Cannot find module 'koffi'\nRequire stack:\n- /x.js", "MODULE_NOT_FOUND");

describe("where the batched calls are not to be had", () => {
  it.each<[string, Partial<Host>, string, string]>([
    ["macOS", { platform: "darwin" }, "platform", "recvmmsg is a call of Linux, and this is darwin"],
    ["Bun", bun, "platform", "it takes poll handles of Node, and this is Bun"],
    ["32 bits", { arch: "arm" }, "architecture", "it is made for x64 and arm64, and this is arm, LE"],
    [
      "big endian",
      { endianness: "BE" },
      "architecture",
      `it is made for x64 and arm64, and this is ${process.arch}, BE`,
    ],
    [
      "no koffi",
      { requireKoffi: missing },
      "not-installed",
      `the optional package koffi is not installed (npm install koffi@${KOFFI_VERSION})`,
    ],
    [
      "no binary for this libc",
      { requireKoffi: throwing("Cannot find the native Koffi module; did you bundle it correctly?") },
      "not-loadable",
      "koffi cannot be loaded: Cannot find the native Koffi module; did you bundle it correctly?",
    ],
    [
      "a part of koffi is missing",
      { requireKoffi: throwing("Cannot find module '@koromix/koffi-linux-x64'", "MODULE_NOT_FOUND") },
      "not-loadable",
      "koffi cannot be loaded: Cannot find module '@koromix/koffi-linux-x64'",
    ],
    [
      "nothing in it",
      { requireKoffi: () => undefined },
      "version",
      `it takes koffi ${KOFFI_VERSION}, and undefined is installed`,
    ],
  ])("%s", (_name, host, code, reason) => {
    expect(
      findNativeSockets({ ...linux, arch: "x64", ...(host.endianness ? { arch: process.arch } : {}), ...host }),
    ).toEqual({
      sockets: undefined,
      code,
      reason,
    });
  });

  it.runIf(isAvailable).each<[string, () => unknown, string, RegExp]>([
    ["another version", altered({ version: "4.0.0" }), "version", /takes koffi .*, and 4\.0\.0 is installed/],
    [
      "a C library without a call",
      altered({ load: throwing("Cannot find function") }),
      "refused",
      /Cannot find function/,
    ],
    ["a sandbox without sockets", refusing("socket"), "refused", /socket ENOSYS/],
    [
      "a sandbox without recvmmsg",
      refusing("syscall"),
      "refused",
      /recvmmsg of an empty socket: expected -11, got -38/,
    ],
    ["no poll handles", altered({ node: { poll: throwing("no poll") } }), "refused", /no poll/],
    [
      "no memory to look at",
      altered({ view: throwing("This runtime does not support external buffers") }),
      "refused",
      /external buffers/,
    ],
  ])("%s", (_name, requireKoffi, code, reason) => {
    const found = findNativeSockets({ ...linux, requireKoffi });
    expect(found).toMatchObject({ sockets: undefined, code });
    expect((found as { reason: string }).reason).toMatch(reason);
  });

  it.runIf(isAvailable)("a loopback interface that is down: the reason names it", () => {
    let receives = 0;
    const { recvmmsg } = SYSTEM_CALLS.get(process.arch)!;
    const load = (path: null) => {
      const library = koffi().load(path);
      const func = (name: string, ...rest: [string, string[]]) => {
        const call = library.func(name, ...rest);
        if (name !== "syscall") return call;
        return (...values: (number | string)[]) => (values[0] === recvmmsg && ++receives === 2 ? -1 : call(...values));
      };
      return { func };
    };
    const errno = (): number => 11; // EAGAIN
    expect(findNativeSockets({ ...linux, requireKoffi: altered({ load, errno }) })).toMatchObject({
      code: "refused",
      reason: expect.stringContaining('did not pass the loopback interface, is "lo" up? (recvmmsg EAGAIN)') as string,
    });
  });

  /** koffi that knows no address of these lengths, of IPv4 or IPv6. */
  function without(...lengths: number[]): () => unknown {
    let isRefused = false;
    // To load koffi anew for each of its errors would change the error.
    const own = koffi();
    return altered({
      load: (path: null) => {
        const library = own.load(path);
        const func = (name: string, ...rest: [string, string[]]) => {
          const call = library.func(name, ...rest);
          if (name !== "bind") return call;
          return (...values: (number | string)[]) => {
            isRefused = lengths.includes(values[2] as number);
            return isRefused ? -1 : call(...values);
          };
        };
        return { func };
      },
      errno: () => (isRefused ? 99 : own.errno()), // EADDRNOTAVAIL
    });
  }

  it.runIf(isAvailable && hasIpv6)("no IPv4: it is tried with IPv6, and found good", () => {
    const found = findNativeSockets({ ...linux, requireKoffi: without(16) });
    expect(found).toEqual({ sockets: expect.anything() as unknown });
  });

  it.runIf(isAvailable)("neither IPv4 nor IPv6: the reason says so", () => {
    expect(findNativeSockets({ ...linux, requireKoffi: without(16, 28) })).toMatchObject({
      code: "refused",
      reason: expect.stringContaining('neither 127.0.0.1 nor ::1 is there, is "lo" up? (bind EADDRNOTAVAIL)') as string,
    });
  });

  it("Bun and Deno are known by the versions of process, Node is neither", () => {
    const node = { node: "24.3.0", v8: "13.6", uv: "1.52" };
    expect(otherRuntime({ ...node, bun: "1.4.5" })).toBe("Bun");
    expect(otherRuntime({ ...node, deno: "2.9.6" })).toBe("Deno");
    expect(otherRuntime(process.versions)).toBeUndefined();
  });

  it("a refusal is asked about again 10 s later, every other answer is kept", () => {
    const refused: NativeSockets = { sockets: undefined, code: "refused", reason: "lo is down" };
    const answers = [refused, refused, { ...refused, code: "not-installed" }] as NativeSockets[];
    let [nowMs, asked] = [5000, 0];
    const find = remembering(
      () => answers[asked++]!,
      () => nowMs,
    );
    const askedAt = (ms: number): number => {
      nowMs = ms;
      expect(find()).toBe(answers[asked - 1]);
      return asked;
    };
    expect([5000, 14_999, 15_000, 24_999, 25_000, 1e9].map(askedAt)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it("node:dgram takes over with the same options, and one line tells why", async () => {
    const lines: string[] = [];
    const onFallback = (message: string, code: string): void => void lines.push(`${code}: ${message}`);
    const native = findNativeSockets({ ...linux, arch: "x64", requireKoffi: missing });
    const transports = [1, 2].map(() => fastTransport({ host: "127.0.0.1", batches: 3, onFallback }, native));
    expect(lines).toEqual([
      `not-installed: UDP goes through node:dgram: the optional package koffi is not installed (npm install koffi@${KOFFI_VERSION})`,
    ]);
    const [a, b] = transports as [(typeof transports)[0], (typeof transports)[0]];
    const inbox = new Inbox();
    await a.open(new Inbox());
    const address = await b.open(inbox);
    sendAll(a, ["works", SocketAddress.parse("127.0.0.1", address.port)]);
    await inbox.received(1);
    expect(inbox.texts).toEqual(["works"]);
    await Promise.all([a.close(), b.close()]);
  });

  it("wrong options are refused by both alike", () => {
    const native = findNativeSockets({ ...linux, platform: "win32" });
    expect(() => fastTransport({ port: 65_536 }, native)).toThrow(RangeError);
    const others: [options: object, message: string][] = [
      [{ prot: 1474 }, 'got "prot"'],
      [{ segmentation: "no" }, '"segmentation" expected a boolean, got "no"'],
      [{ onFallback: true }, '"onFallback" expected a function, got true'],
      [{ reusePort: 1 }, '"reusePort" expected a boolean, got 1'],
    ];
    const available = { sockets: {} } as unknown as typeof native;
    for (const [options, message] of others) {
      for (const found of [native, available]) expect(() => fastTransport(options, found)).toThrow(message);
    }
    expect(() => fastTransport({ segmentation: false, onFallback: undefined as never }, native)).not.toThrow();
  });
});

describe.runIf(isAvailable)("where they are", () => {
  it("this machine has them, and no line is written", () => {
    const native = findNativeSockets(linux);
    expect(native.sockets).toBeDefined();
    const transport = fastTransport({ onFallback: () => expect.unreachable() }, native);
    expect(transport.localAddress).toBeUndefined();
  });
});
