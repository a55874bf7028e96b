import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createCertificateVerifier, issueAuthority } from "../src/index.js";

/** A promise as a forgotten await leaves it. Node ends the process for one that nobody takes; here it fails the run. */
const failing = (): never => Promise.reject(new Error("the file is missing")) as never;

afterEach(async () => {
  // Node tells of it after the promises' turn.
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(unhandled.splice(0)).toEqual([]);
});

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", onUnhandled));
afterAll(() => void process.off("unhandledRejection", onUnhandled));

describe("a promise that rejects after it was refused ends no process", () => {
  it.each<[string, () => unknown]>([
    ["options", () => createCertificateVerifier(failing())],
    ["an option", () => createCertificateVerifier({ ca: failing(), hostname: "arena" })],
    ["one of the authorities", () => createCertificateVerifier({ ca: [failing()], hostname: "arena" })],
    ["a key", () => issueAuthority({ key: failing(), name: "arena" })],
  ])("%s", (_, check) => {
    expect(check).toThrow(/got (one with )?a promise/);
  });
});
