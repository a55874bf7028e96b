import { createDgramTransport } from "@sortie/transport-dgram";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createUdpTransport, defaultTransport, type MAKERS, tellFallback } from "../src/default-transport.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** Makers that note who was asked, with what. */
function noting() {
  const asked: [string, object][] = [];
  const maker = (name: string) => (options: object) => {
    asked.push([name, options]);
    return createDgramTransport();
  };
  const makers = { fast: maker("fast"), mmsg: maker("mmsg"), dgram: maker("dgram") } as unknown as typeof MAKERS;
  return { asked, makers };
}

describe("defaultTransport", () => {
  it.each([
    [undefined, "fast"],
    ["", "fast"],
    ["mmsg", "mmsg"],
    ["dgram", "dgram"],
  ])("SORTIE_TRANSPORT=%s is %s, with the options as they are", (name, expected) => {
    const { asked, makers } = noting();
    if (name === undefined) vi.stubEnv("SORTIE_TRANSPORT", undefined);
    defaultTransport({ port: 5, host: "127.0.0.1" }, name, makers);
    expect(asked).toMatchObject([[expected, { port: 5, host: "127.0.0.1" }]]);
  });

  it.each([undefined, "dgram", "mmsg"])("refuses what there is not, whichever is taken (%s)", (name) => {
    const { asked, makers } = noting();
    const expected = /^"options" expected only host, port, .* got "prot"$/;
    expect(() => defaultTransport({ prot: 1474 } as object, name, makers)).toThrow(expected);
    expect(() => defaultTransport(null as never, name, makers)).toThrow('"options" expected an object, got null');
    expect(asked).toEqual([]);
    vi.stubEnv("SORTIE_TRANSPORT", name);
    expect(() => createUdpTransport({ Port: 1474 } as object)).toThrow('"options" expected "port", got "Port"');
  });

  it("reads the environment, and refuses another name", () => {
    vi.stubEnv("SORTIE_TRANSPORT", "tcp");
    expect(() => defaultTransport()).toThrow(
      new RangeError('"SORTIE_TRANSPORT" expected "dgram" or "mmsg", got "tcp"'),
    );
  });

  it("warns where koffi is there and does not do, and only there", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    for (const code of ["not-installed", "platform", "worker"] as const) tellFallback("expected", code);
    expect(warn).not.toHaveBeenCalled();
    for (const code of ["architecture", "version", "not-loadable", "refused"] as const) tellFallback(code, code);
    expect(warn.mock.calls.map(([message]) => message)).toEqual(["architecture", "version", "not-loadable", "refused"]);
  });
});
