import { describe, expect, it } from "vitest";
import { type CommandOptions, createCommand, parseOptions } from "../src/options.js";

const MATCHMAKER = ["--matchmaker", "http://127.0.0.1:1"];

function parse(...args: string[]): CommandOptions {
  const command = createCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return parseOptions(["node", "arena-bots", ...args], command);
}

describe("the bots' options", () => {
  it.each([
    ["--server-key", "FILE"],
    ["--dangerously-trust-any-server"],
    ["--host", "127.0.0.1"],
    ["--port", "1474"],
    ["--protocol", "other/1"],
  ])("refuses %s %s beside --matchmaker, which says that itself", (option, ...value) => {
    const message = `error: option '--matchmaker <url>' cannot be used with option '${option}`;
    expect(() => parse(option, ...value, ...MATCHMAKER)).toThrow(message);
    parse(option, ...value);
  });

  it("takes a matchmaker beside everything else", () => {
    const options = parse(...MATCHMAKER, "--session", "player-", "--count", "3", "--duration", "1");
    expect(options).toMatchObject({ matchmaker: MATCHMAKER[1], session: "player-", count: 3, duration: 1 });
  });
});
