import { afterEach, describe, expect, it, vi } from "vitest";
import { SocketAddress } from "@sortie/transport";
import { createConsoleLogger } from "../src/console-logger.js";

function lines(options: Parameters<typeof createConsoleLogger>[0] = {}): {
  logger: ReturnType<typeof createConsoleLogger>;
  written: string[];
} {
  const written: string[] = [];
  return { logger: createConsoleLogger({ ...options, write: (line) => void written.push(line) }), written };
}

afterEach(() => void vi.restoreAllMocks());

function raise(message: string): never {
  throw new Error(message);
}

describe("createConsoleLogger", () => {
  it("writes time, level, message and fields, from its level on", () => {
    const { logger, written } = lines({ level: "warn" });
    logger.info({}, "left out");
    logger.warn({ kind: "rate-limited", count: 3 }, "dropped");
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z WARN {2}dropped kind="rate-limited" count=3$/);
  });

  it("is silent when told so, and goes to the console otherwise", () => {
    const spy = vi.spyOn(console, "info").mockImplementation(() => {});
    createConsoleLogger({ level: "silent" }).error({}, "nothing");
    createConsoleLogger().info({}, "hello");
    expect(spy.mock.calls).toEqual([[expect.stringMatching(/INFO {2}hello$/)]]);
  });

  it("keeps what a peer says in its line, and its escapes harmless", () => {
    const { logger, written } = lines();
    const text = "bye\n2027 ERROR forged\u001b[2J\u009b2J\u2028";
    logger.info({ text }, text);
    logger.error({ err: new Error(`from ${text}`) }, "failed");
    for (const line of written) expect(line).not.toMatch(/[\u001b\u009b\u2028]/);
    expect(written[0]).not.toContain("\n");
    expect(written[1]).toMatch(/ERROR failed\nError: from bye\n/);
  });

  it.each([true, false])("leaves nothing that turns a line around or hides in it (json: %s)", (json) => {
    const { logger, written } = lines({ json });
    const text = "bye\u202egpj.exe\u2066\u200b\u{e0041}";
    const unwritable = { toJSON: (): never => raise(text) };
    logger.info({ text, [text]: text, err: new Error(text) }, text);
    logger.info({ unwritable }, "x");
    for (const line of written) expect(line).not.toMatch(/\p{Cf}/u);
    expect(written[0]).toContain("bye\\u202egpj.exe\\u2066\\u200b\\udb40\\udc41");
    if (json) expect(JSON.parse(written[0] as string)).toMatchObject({ text, [text]: text, msg: text });
  });

  it("writes JSON lines with pino's names", () => {
    const { logger, written } = lines({ json: true });
    logger.error({ err: new TypeError("no"), peerId: 7, big: 10n, leaveMs: Infinity }, "failed");
    expect(JSON.parse(written[0] as string)).toMatchObject({
      level: 50,
      time: expect.any(Number) as number,
      msg: "failed",
      err: { type: "TypeError", message: "no", stack: expect.stringContaining("console-logger.test") as string },
      peerId: 7,
      big: "10",
      leaveMs: "Infinity",
    });
  });

  it.each([true, false])("writes addresses as text (json: %s)", (json) => {
    const { logger, written } = lines({ json });
    const address = SocketAddress.parse("fe80::1%eth0", 5);
    logger.info({ address, more: { address } }, "x");
    const text = '"[fe80::1%eth0]:5"';
    const more = `{"address":${text}}`;
    expect(written[0]).toContain(json ? `"address":${text},"more":${more}` : `address=${text} more=${more}`);
  });

  it("keeps the code of an error, by which alerts and scripts tell it apart", () => {
    const { logger, written } = lines({ json: true });
    logger.error({ err: Object.assign(new Error("no"), { code: "wrong-key" }) }, "failed");
    logger.error({ err: Object.assign(new Error("no"), { code: {} }) }, "failed");
    const [first, second] = written.map((line) => JSON.parse(line) as { err: object });
    expect(first).toMatchObject({ err: { type: "Error", message: "no", code: "wrong-key" } });
    expect(second?.err).not.toHaveProperty("code");
  });

  it("names what cannot be written, and goes on", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const json of [true, false]) {
      const { logger, written } = lines({ json });
      logger.info({ circular, nothing: undefined }, "x");
      expect(written[0]).toContain("cannot be written");
    }
  });

  it("refuses levels and writers that are none, and options that there are not", () => {
    const misspelt = { levle: "silent" } as never;
    expect(() => createConsoleLogger(misspelt)).toThrow('"options" expected only level, json, write, got "levle"');
    expect(() => createConsoleLogger({ level: "loud" as never })).toThrow(/"level" expected one of debug, info/);
    expect(() => createConsoleLogger({ write: "stderr" as never })).toThrow(/"write" expected a function, got string/);
  });
});
