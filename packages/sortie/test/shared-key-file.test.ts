import { describe, expect, it } from "vitest";
import { isShared } from "../src/shared-key-file.js";

const OWN = 65_532;
const ROOT = 0;

describe("a private key's file", () => {
  it.each([
    [0o600, OWN, false],
    [0o400, ROOT, false],
    [0o640, OWN, true],
    [0o440, OWN, true],
    // As Kubernetes mounts a secret for a pod with "fsGroup": root's, and read by way of the group.
    [0o440, ROOT, false],
    [0o640, ROOT, false],
    [0o460, ROOT, true],
    [0o450, ROOT, true],
    [0o444, ROOT, true],
    [0o442, ROOT, true],
    [0o604, OWN, true],
    [0o660, OWN, true],
  ])("of mode %o and user %i is shared, for a server of user 65532: %s", (mode, uid, expected) => {
    expect(isShared({ mode: 0o100_000 | mode, uid }, OWN)).toBe(expected);
  });

  it.each([
    [0o600, OWN, false],
    // It is not by way of the group that root reads it.
    [0o640, OWN, true],
    [0o440, ROOT, true],
  ])("of mode %o and user %i is shared, for a server that is root: %s", (mode, uid, expected) => {
    expect(isShared({ mode: 0o100_000 | mode, uid }, ROOT)).toBe(expected);
  });
});
