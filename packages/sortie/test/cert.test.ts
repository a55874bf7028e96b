import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CertificateError, connect, createServer, generateIdentity, loadIdentity, saveIdentity } from "../src/index.js";
import { certCommand } from "../src/cli/cert.js";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-cert-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);

/** What the command prints to standard output. */
async function run(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  try {
    const command = certCommand().exitOverride();
    for (const each of [command, ...command.commands]) each.exitOverride().configureOutput({ writeErr: () => {} });
    await command.parseAsync(args, { from: "user" });
  } finally {
    log.mockRestore();
  }
  return lines.join("\n");
}

const root = (...args: string[]): Promise<string> => run("root", "--key", at("ca.key"), "--out", at("ca.crt"), ...args);
const server = (...args: string[]): Promise<string> => {
  const files = ["--ca", at("ca.crt"), "--ca-key", at("ca.key"), "--key", at("server.key"), "--out", at("server.crt")];
  return run("server", ...files, ...args);
};

describe("sortie cert", () => {
  it("makes an authority and a server's certificate, by which a client connects over UDP", async () => {
    expect(await root("--name", "My game")).toContain("CN=My game  (an authority)");
    expect(await server("--host", "localhost", "127.0.0.1")).toContain("DNS:localhost, IP Address:127.0.0.1");
    const identity = await loadIdentity(at("server.key"), { certificate: at("server.crt") });
    const arena = createServer({ protocol: "arena/1", identity, host: "127.0.0.1", port: 0 });
    const { port } = await arena.listen();
    const target = { host: "127.0.0.1", port, protocol: "arena/1" };
    const ca = await readFile(at("ca.crt"), "utf8");
    for (const trust of [{ ca }, { ca, hostname: "localhost" }, { ca: [ca] }]) {
      await (await connect({ ...target, trust })).close();
    }
    const mistaken = connect({ ...target, trust: { ca, hostname: "other.example.com" } });
    await expect(mistaken).rejects.toMatchObject({ code: "identity-mismatch" });
    await expect(mistaken).rejects.toThrow(/127\.0\.0\.1:\d+ is not trusted: the certificate is for DNS:localhost/);
    await expect(connect({ ...target, trust: { ca: "no PEM" } })).rejects.toThrow(CertificateError);
    await expect(connect({ ...target, trust: { ca }, serverKey: identity.publicKey })).rejects.toThrow("got both");
    await arena.close();
  });

  it("renews a certificate for the same key with --force, and overwrites nothing without", async () => {
    await root();
    await server("--host", "a.example.com", "--days", "7");
    const before = await readFile(at("server.crt"), "utf8");
    await expect(server("--host", "a.example.com")).rejects.toThrow(/server\.crt" is there already: .*--force/);
    expect(await readFile(at("server.crt"), "utf8")).toBe(before);
    const result = JSON.parse(await server("--host", "a.example.com", "--days", "9", "--force", "--json")) as Record<
      string,
      string
    >;
    const days = (Date.parse(result["notAfter"] as string) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(8.9);
    expect(days).toBeLessThan(9.1);
    await loadIdentity(at("server.key"), { certificate: at("server.crt") });
  });

  it("makes the folders of keys and certificates", async () => {
    const [authority, game] = [at("deep/ca"), at("deep/server")];
    await run("root", "--key", join(authority, "private", "ca.key"), "--out", join(authority, "public", "ca.crt"));
    const files = ["--ca", join(authority, "public", "ca.crt"), "--ca-key", join(authority, "private", "ca.key")];
    const out = ["--key", join(game, "private", "a.key"), "--out", join(game, "public", "a.crt")];
    await run("server", "--host", "a.example.com", ...files, ...out);
    await loadIdentity(join(game, "private", "a.key"), { certificate: join(game, "public", "a.crt") });
  });

  it("issues for a public key alone, where no private key of the server is", async () => {
    await root();
    await saveIdentity(generateIdentity(), at("home/game.key"));
    const [home, out] = [at("home/game.key"), at("server.crt")];
    const files = ["--ca", at("ca.crt"), "--ca-key", at("ca.key"), "--out", out];
    const issue = (...args: string[]): Promise<string> => run("server", "--host", "a.example.com", ...files, ...args);
    await copyFile(at("home/game.pub"), at("game.pub"));
    const before = await readdir(folder);
    expect(await issue("--public-key", at("game.pub"))).toContain("DNS:a.example.com");
    expect((await readdir(folder)).sort()).toEqual([...before, "server.crt"].sort());
    await loadIdentity(home, { certificate: out });
    for (const [args, message] of [
      [["--public-key", at("game.pub"), "--key", home], /'--public-key <file>' cannot be used with .* '--key <file>'/],
      [
        ["--public-key", home],
        /"--public-key" expected the server's public key, got a private one in .*: take the .pub/,
      ],
      [["--public-key", at("ca.crt")], /ca\.crt: expected a PEM block "PUBLIC KEY", got "CERTIFICATE"/],
      [["--public-key", at("nowhere.pub")], /cannot read the server's public key ".*nowhere\.pub" \(ENOENT\)/],
      [["--public-key", out, "--out", out], /"--out" expected a file of its own, .* that of "--public-key"/],
    ] as const) {
      await expect(issue(...args, "--force")).rejects.toThrow(message);
    }
    await loadIdentity(home, { certificate: out });
  });

  it("refuses to write a certificate over what it is made with, by any name of it", async () => {
    await root();
    await server("--host", "a.example.com");
    const names = ["ca.key", "ca.pub", "ca.crt", "server.key", "server.pub"];
    const texts = (): Promise<string[]> => Promise.all(names.map((name) => readFile(at(name), "utf8")));
    const before = await texts();
    await symlink(at("ca.key"), at("link.crt"));
    await link(at("ca.key"), at("second.crt"));
    const refusal = (option: string): RegExp => new RegExp(`"--out" expected a file of its own, got .* of ${option}$`);
    for (const [out, option] of [
      ["ca.key", '"--key"'],
      [`../${basename(folder)}/ca.key`, '"--key"'],
      ["link.crt", '"--key"'],
      ["second.crt", '"--key"'],
      ["ca.pub", 'the public half of "--key"'],
    ] as const) {
      await expect(root("--out", at(out), "--force")).rejects.toThrow(refusal(option));
    }
    for (const [out, option] of [
      ["ca.crt", '"--ca"'],
      ["ca.key", '"--ca-key"'],
      ["ca.pub", 'the public half of "--ca-key"'],
      ["server.key", '"--key"'],
      ["server.pub", 'the public half of "--key"'],
    ] as const) {
      await expect(server("--host", "a", "--out", at(out), "--force")).rejects.toThrow(refusal(option));
    }
    expect(await texts()).toEqual(before);
    // A key that is yet to be made, in a folder that is: none is made.
    const deep = at("new/a.key");
    await expect(root("--key", deep, "--out", at("new/./a.key"))).rejects.toThrow(refusal('"--key"'));
    await expect(readFile(deep)).rejects.toThrow("ENOENT");
  });

  it("replaces a certificate as a whole: who has it open reads the old one, and a link stays", async () => {
    await root();
    await chmod(at("ca.crt"), 0o640);
    await symlink("ca.crt", at("current.crt"));
    const before = await readFile(at("ca.crt"), "utf8");
    const file = await open(at("ca.crt"));
    await root("--out", at("current.crt"), "--force");
    expect(await file.readFile("utf8")).toBe(before);
    await file.close();
    expect(await readFile(at("ca.crt"), "utf8")).not.toBe(before);
    expect((await lstat(at("current.crt"))).isSymbolicLink()).toBe(true);
    if (process.platform !== "win32") expect((await stat(at("ca.crt"))).mode & 0o777).toBe(0o640);
    expect((await readdir(folder)).sort()).toEqual(["ca.crt", "ca.key", "ca.pub", "current.crt"]);
  });

  it.skipIf(process.platform === "win32")("writes to files alone, whatever is forced", async () => {
    const refusal = (path: string, kind: string): string => `"${path}" expected a file, or nothing, got ${kind}`;
    await expect(root("--out", "/dev/null", "--force")).rejects.toThrow(refusal("/dev/null", "a device"));
    await expect(root("--out", folder, "--force")).rejects.toThrow(refusal(folder, "a folder"));
    // Nor is a key made for it.
    expect(await readdir(folder)).toEqual([]);
    await root();
    await expect(server("--host", "a", "--out", "/dev/null", "--force")).rejects.toThrow(
      refusal("/dev/null", "a device"),
    );
  });

  it("shows what stands in a file", async () => {
    await root("--name", "My game");
    await server("--host", "a.example.com");
    await writeFile(
      at("both.crt"),
      (await readFile(at("server.crt"), "utf8")) + (await readFile(at("ca.crt"), "utf8")),
    );
    const shown = JSON.parse(await run("show", at("both.crt"), "--json")) as {
      subject: string;
      isAuthority: boolean;
    }[];
    expect(shown.map(({ subject, isAuthority }) => [subject, isAuthority])).toEqual([
      ["CN=a.example.com", false],
      ["CN=My game", true],
    ]);
    expect(await run("show", at("server.crt"))).toMatch(/^subject {6}CN=a\.example\.com\nissuer {7}CN=My game\nnames/);
  });

  it.each([
    ["no host", ["server"], "required option '--host <name...>' not specified"],
    ["days that are no number", ["root", "--days", "many"], 'expected a whole number of days, got "many"'],
    ["a file that is not there", ["show", "nowhere.crt"], 'cannot read the certificate "nowhere.crt" (ENOENT)'],
    ["no authority", ["server", "--host", "a", "--ca", "nowhere.crt"], 'make one with "npx sortie cert server"'],
  ])("says what is wrong with %s", async (_, args, message) => {
    await expect(run(...args)).rejects.toThrow(message);
  });
});

describe("loadIdentity with a certificate", () => {
  it("refuses one for another key, and a file that is none", async () => {
    await root();
    await server("--host", "a.example.com");
    await saveIdentity(generateIdentity(), at("other.key"));
    const wrongKey = loadIdentity(at("other.key"), { certificate: at("server.crt") });
    await expect(wrongKey).rejects.toMatchObject({ name: "CertificateError", code: "wrong-key" });
    const missing = loadIdentity(at("server.key"), { certificate: at("nowhere.crt") });
    await expect(missing).rejects.toMatchObject({ name: "CertificateError", code: "unreadable" });
    const aKey = loadIdentity(at("server.key"), { certificate: at("server.key") });
    await expect(aKey).rejects.toMatchObject({ name: "CertificateError", code: "wrong-format" });
  });
});
