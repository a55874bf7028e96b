import { describe, expect, it } from "vitest";
import { createCommand, type DemoServerOptions, parseOptions } from "../src/options.js";

function parse(...args: string[]): DemoServerOptions {
  const command = createCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return parseOptions(["node", "arena-server", ...args], command);
}

describe("the server's options", () => {
  it.each([
    ["--certificate", "FILE", "--key <file>"],
    ["--audience", "NAME", "--token-keys <source>"],
    ["--dashboard-host", "0.0.0.0", "--dashboard <port>"],
    ["--dashboard-token-file", "FILE", "--dashboard <port>"],
    ["--agones-counter", "players", "--agones"],
  ])("refuses %s %s without %s", (option, value, needed) => {
    expect(() => parse(option, value)).toThrow(
      new RegExp(`^error: option '${option} <.*>' expected '${needed}' beside`),
    );
    const [flag = "", argument] = needed.split(" ");
    const both = parse(option, value, flag, ...(argument === undefined ? [] : ["1"]));
    expect(Object.values(both)).toContain(value);
  });

  it("has defaults that ask for nothing", () => {
    expect(parse()).toEqual({
      port: 1474,
      audience: "arena",
      tickRate: 60,
      maxPeers: 256,
      dashboardHost: "127.0.0.1",
      duration: 0,
      leave: 0,
      log: "error",
    });
  });
});
