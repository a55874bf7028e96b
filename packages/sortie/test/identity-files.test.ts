import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IdentityError, parsePublicKey } from "@sortie/handshake";
import { generateIdentity, identityToPem } from "@sortie/handshake/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadIdentity, saveIdentity } from "../src/identity-files.js";
import { collectWarnings } from "./support/warnings.js";

const onWindows = process.platform === "win32";
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-identity-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

async function failure(attempt: Promise<unknown>): Promise<IdentityError> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof IdentityError)) throw new Error(`expected an IdentityError, got ${String(error)}`);
  return error;
}

describe("saveIdentity", () => {
  it("refuses options that there are not, and writes nothing", async () => {
    const path = join(folder, "root.key");
    const save = (options: object): Promise<unknown> => saveIdentity(generateIdentity(), path, options);
    await expect(save({ Force: true })).rejects.toThrow(new TypeError('"options" expected "force", got "Force"'));
    await expect(save({ force: 1 })).rejects.toThrow(new TypeError('"force" expected a boolean, got a number'));
    expect(await readdir(folder)).toEqual([]);
  });

  it("writes both halves, which load again, into folders that need not be there", async () => {
    const identity = generateIdentity();
    const files = await saveIdentity(identity, join(folder, "deep", "keys", "root.key"));
    expect(files).toEqual({
      privateKeyPath: join(folder, "deep", "keys", "root.key"),
      publicKeyPath: join(folder, "deep", "keys", "root.pub"),
    });
    expect((await loadIdentity(files.privateKeyPath)).publicKey).toEqual(identity.publicKey);
    expect(parsePublicKey(await readFile(files.publicKeyPath, "utf8"))).toEqual(identity.publicKey);
  });

  it.each([
    ["server", "server.pub"],
    ["server.pem", "server.pem.pub"],
    ["server.key", "server.pub"],
    ["key.key.key", "key.key.pub"],
  ])("names the public half of %s %s", async (name, publicName) => {
    const files = await saveIdentity(generateIdentity(), join(folder, name));
    expect(files.publicKeyPath).toBe(join(folder, publicName));
    expect((await readdir(folder)).sort()).toEqual([name, publicName].sort());
  });

  it.skipIf(onWindows)("keeps the private half to its owner, also over a file that was open to others", async () => {
    const path = join(folder, "root.key");
    await saveIdentity(generateIdentity(), path);
    expect([await modeOf(path), await modeOf(join(folder, "root.pub"))]).toEqual([0o600, 0o644]);
    await chmod(path, 0o666);
    await chmod(join(folder, "root.pub"), 0o600);
    await saveIdentity(generateIdentity(), path, { force: true });
    expect([await modeOf(path), await modeOf(join(folder, "root.pub"))]).toEqual([0o600, 0o644]);
  });

  it("never overwrites a private key, unless it is told to", async () => {
    const path = join(folder, "root.key");
    const first = generateIdentity();
    await saveIdentity(first, path);
    await expect(saveIdentity(generateIdentity(), path)).rejects.toThrow(
      /root\.key" is there already: .* overwrite it with { force: true }$/,
    );
    expect((await loadIdentity(path)).publicKey).toEqual(first.publicKey);
    const second = generateIdentity();
    await saveIdentity(second, path, { force: true });
    expect((await loadIdentity(path)).publicKey).toEqual(second.publicKey);
    expect(parsePublicKey(await readFile(join(folder, "root.pub"), "utf8"))).toEqual(second.publicKey);
  });

  it("leaves no private key beside the public key of another pair", async () => {
    await writeFile(join(folder, "root.pub"), "the key that clients have");
    const attempt = saveIdentity(generateIdentity(), join(folder, "root.key"));
    await expect(attempt).rejects.toThrow(/root\.pub" is there already/);
    expect(await readdir(folder)).toEqual(["root.pub"]);
    expect(await readFile(join(folder, "root.pub"), "utf8")).toBe("the key that clients have");
  });

  it("leaves the old pair, and nothing else, when the public half cannot be overwritten", async () => {
    const path = join(folder, "root.key");
    const first = generateIdentity();
    await saveIdentity(first, path);
    await rm(join(folder, "root.pub"));
    await mkdir(join(folder, "root.pub"));
    await expect(saveIdentity(generateIdentity(), path, { force: true })).rejects.toThrow(/root\.pub" expected a file/);
    expect((await loadIdentity(path)).publicKey).toEqual(first.publicKey);
    expect((await readdir(folder)).sort()).toEqual(["root.key", "root.pub"]);
  });

  it("leaves the rest of a longer file that it overwrites behind", async () => {
    const path = join(folder, "root.key");
    await writeFile(path, "x".repeat(10_000));
    await saveIdentity(generateIdentity(), path, { force: true });
    expect((await readFile(path, "utf8")).length).toBeLessThan(500);
  });
});

describe("saveIdentity and loadIdentity", () => {
  const identity = generateIdentity();
  const { privateKeyPem } = identityToPem(identity);

  it.each([
    [privateKeyPem, "PEM text"],
    [privateKeyPem.replaceAll("\n", ""), "PEM text"],
    [privateKeyPem.split("\n").slice(1, 3).join("\n"), "PEM text"],
    ["", '""'],
    [undefined, "undefined"],
    [null, "null"],
    [5, "a number"],
    [Buffer.from(privateKeyPem), `${privateKeyPem.length} bytes`],
  ])("refuse what is no path, and show nothing of it, case %#", async (path, got) => {
    const expected = new TypeError(`"path" expected the name of a file, got ${got}`);
    await expect(loadIdentity(path as string)).rejects.toThrow(expected);
    await expect(saveIdentity(identity, path as string)).rejects.toThrow(expected);
  });

  it("refuse PEM for a certificate likewise", async () => {
    const path = join(folder, "root.key");
    await saveIdentity(identity, path);
    const expected = new TypeError('"certificate" expected the name of a file, got PEM text');
    await expect(loadIdentity(path, { certificate: privateKeyPem })).rejects.toThrow(expected);
  });

  it.each([
    [{}, "an object without publicKey, keyPair.publicKey, keyPair.privateKey"],
    [undefined, "undefined"],
    [privateKeyPem, "a string: load the file with loadIdentity()"],
  ])("write no %j, which is no identity", async (wrong, got) => {
    const expected = new TypeError(`"identity" expected an identity, got ${got}`);
    await expect(saveIdentity(wrong as never, join(folder, "root.key"))).rejects.toThrow(expected);
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuse a path that was forgotten", async () => {
    const save = saveIdentity as (given: unknown) => Promise<unknown>;
    await expect(save(identity)).rejects.toThrow('"path" expected the name of a file, got undefined');
  });

  it("give the system's error with what cannot be read", async () => {
    const key = await failure(loadIdentity(join(folder, "nope.key")));
    expect(key.cause).toMatchObject({ code: "ENOENT", syscall: "open" });
    const path = join(folder, "root.key");
    await saveIdentity(identity, path);
    await expect(loadIdentity(path, { certificate: join(folder, "nope.crt") })).rejects.toMatchObject({
      name: "CertificateError",
      code: "unreadable",
      message: expect.stringMatching(/nope\.crt" \(ENOENT\): there is no such file, make one/) as string,
      cause: { code: "ENOENT" },
    });
  });
});

describe("loadIdentity", () => {
  it.each([
    [{ certficate: "a.crt" }, '"options" expected only certificate, got "certficate"'],
    [{ certificate: null }, '"certificate" expected the name of a file, got null'],
    [{ certificate: "" }, '"certificate" expected the name of a file, got ""'],
  ])("refuses %j for options: the key alone would keep those out who trust an authority", async (options, message) => {
    const path = join(folder, "root.key");
    await saveIdentity(generateIdentity(), path);
    await expect(loadIdentity(path, options as object)).rejects.toThrow(new TypeError(message));
  });

  it.each([
    [
      "is missing",
      undefined,
      "unreadable",
      /cannot read the key file ".*root\.key" \(ENOENT\): there is no such file, make one with "npx sortie keygen"/,
    ],
    ["is empty", "", "not-pem", /root\.key: expected a PEM text/],
    ["is a text", "hello", "not-pem", /root\.key: expected a PEM text/],
    ["is a certificate", pem("CERTIFICATE"), "wrong-format", /root\.key: .*"CERTIFICATE"/],
    ["is an old EC key", pem("EC PRIVATE KEY"), "wrong-format", /convert it with openssl pkcs8/],
    ["has a passphrase", pem("ENCRYPTED PRIVATE KEY"), "encrypted", /without a passphrase/],
    ["is a public key", pem("PUBLIC KEY"), "public-key-given", /expected the private key/],
    ["is damaged", pem("PRIVATE KEY"), "malformed-key", /expected a PKCS#8 private key/],
  ])("of a file that %s says so, and what to do", async (_what, content, code, message) => {
    const path = join(folder, "root.key");
    if (content !== undefined) await writeFile(path, content, { mode: 0o600 });
    const error = await failure(loadIdentity(path));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain("root.key");
  });

  it("of a folder says that it cannot be read", async () => {
    await mkdir(join(folder, "root.key"));
    const error = await failure(loadIdentity(join(folder, "root.key")));
    expect(error.code).toBe("unreadable");
    expect(error.message).toMatch(/^cannot read the key file ".*root\.key" \(EISDIR\)$/);
  });

  it("refuses a key of another kind, and never shows it", async () => {
    const path = join(folder, "root.key");
    const ed25519 = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF";
    await writeFile(path, pem("PRIVATE KEY", ed25519), { mode: 0o600 });
    const error = await failure(loadIdentity(path));
    expect(error.code).toBe("wrong-key-type");
    expect(error.message).not.toContain("SEqVTm50");
  });

  it("does not warn of a public key in its place, which everybody may read", async () => {
    const { publicKeyPath } = await saveIdentity(generateIdentity(), join(folder, "root.key"));
    const warnings = await collectWarnings(async () => {
      expect((await failure(loadIdentity(publicKeyPath))).code).toBe("public-key-given");
    });
    expect(warnings).toEqual([]);
  });

  it.skipIf(onWindows)("warns of a file that others can read, and of no other", async () => {
    const path = join(folder, "root.key");
    await saveIdentity(generateIdentity(), path);
    expect(await collectWarnings(() => loadIdentity(path))).toEqual([]);
    for (const mode of [0o640, 0o604, 0o660]) {
      await chmod(path, mode);
      const warnings = await collectWarnings(() => loadIdentity(path));
      expect(warnings.map((warning) => warning.code)).toEqual(["SORTIE_SHARED_KEY_FILE"]);
      expect(warnings[0]?.message).toContain(path);
    }
  });

  it.runIf(process.getuid?.() === 0)("warns only as root of what its group reads and another owns", async () => {
    const path = join(folder, "root.key");
    await saveIdentity(generateIdentity(), path);
    await chown(path, 4711, 4712);
    await chmod(path, 0o440);
    expect(await collectWarnings(() => loadIdentity(path))).toHaveLength(1);
    // Root reads whatever it likes; a server that is not root has its group alone.
    const getuid = vi.spyOn(process, "getuid").mockReturnValue(4713);
    expect(await collectWarnings(() => loadIdentity(path)).finally(() => getuid.mockRestore())).toEqual([]);
  });
});

function pem(label: string, body: string = "AAAA"): string {
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}
