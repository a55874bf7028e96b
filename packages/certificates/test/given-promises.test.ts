import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { createCertificateVerifier, issueAuthority } from "../src/index.js";

expectAllTaken();

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
