import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueAuthority, issueServerCertificate, type ServerCertificateOptions } from "@sortie/certificates";
import type { Identity } from "@sortie/handshake";
import { identityToPem } from "@sortie/handshake/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generateIdentity, loadIdentity, type Logger, reloadIdentityOnSignal, saveIdentity } from "../src/index.js";
import { collectWarnings } from "./support/warnings.js";

const DAY_MS = 86_400_000;
const authorityKey = generateIdentity();
const ca = issueAuthority({ key: authorityKey, name: "Reload CA" });
const identity = generateIdentity();
let folder = "";
let key = "";
let certificate = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-reload-certificate-"));
  [key, certificate] = [join(folder, "server.key"), join(folder, "server.crt")];
  await saveIdentity(identity, key);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function certificateOf(more: Partial<ServerCertificateOptions> = {}): string {
  const hostnames = ["game.example"];
  return issueServerCertificate({ authority: ca, authorityKey, publicKey: identity.publicKey, hostnames, ...more });
}

const expired = certificateOf({ days: 1, now: () => Date.now() - 3 * DAY_MS });
const early = certificateOf({ now: () => Date.now() + 3 * DAY_MS });

describe("a reload of a certificate", () => {
  /** What one signal comes to. */
  async function reload(): Promise<{ taken: Identity | undefined; lines: [string, Record<string, unknown>][] }> {
    const lines: [string, Record<string, unknown>][] = [];
    let taken: Identity | undefined;
    let onLine = (): void => {};
    const line =
      (level: string): Logger["info"] =>
      (fields) => {
        lines.push([level, fields as Record<string, unknown>]);
        onLine();
      };
    const logger = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
    const server = { setIdentity: (next: Identity): void => void (taken = next) };
    const stop = reloadIdentityOnSignal(server, key, { certificate, logger, signal: "SIGUSR2" });
    const told = new Promise<void>((resolve) => (onLine = resolve));
    process.emit("SIGUSR2");
    await told;
    stop();
    return { taken, lines };
  }

  it.each([
    ["has expired", expired, /\(expired\): CN=game\.example expired on /],
    ["is not valid yet", early, /\(not-yet-valid\): CN=game\.example is valid from /],
  ])("changes nothing where it %s, and says so as of other failures", async (_, pem, reason) => {
    await writeFile(certificate, pem);
    const { taken, lines } = await reload();
    expect(taken).toBeUndefined();
    expect(lines.map(([level]) => level)).toEqual(["error"]);
    const message = expect.stringMatching(reason) as string;
    expect(lines[0]?.[1]).toMatchObject({ err: { name: "CertificateError", code: "unusable", message }, certificate });
  });

  it.each([
    ["wrong-key", () => certificateOf({ publicKey: authorityKey.publicKey }), /expected .*, got CN=game\.example$/],
    ["not-pem", () => "nothing", /expected a PEM text with "-----BEGIN CERTIFICATE-----", got none$/],
    ["wrong-format", () => identityToPem(identity).publicKeyPem, /expected PEM blocks "CERTIFICATE", got "PUBLIC KEY"/],
  ])("names its file and the code where it is %s, and what was expected and came", async (code, pem, reason) => {
    await writeFile(certificate, pem());
    const { taken, lines } = await reload();
    expect(taken).toBeUndefined();
    const error = lines[0]?.[1]["err"] as Error;
    expect(error).toMatchObject({ name: "CertificateError", code });
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`cannot use the certificate "${certificate}" (${code}): expected `);
    expect(error.message).not.toContain('"pem"');
    if (code === "wrong-key") expect(error.message).toContain(`a certificate for the key "${key}"`);
    await expect(loadIdentity(key, { certificate })).rejects.toMatchObject({ code, message: error.message });
  });

  it("changes nothing where it is an authority's", async () => {
    await saveIdentity(authorityKey, key, { force: true });
    await writeFile(certificate, ca);
    const { taken, lines } = await reload();
    expect(taken).toBeUndefined();
    expect(String(lines[0]?.[1]["err"])).toContain("is not for digital signatures");
  });

  it("tells until when a good one is valid", async () => {
    await writeFile(certificate, certificateOf({ days: 7 }));
    const { taken, lines } = await reload();
    expect(taken?.certificateChain).toBeInstanceOf(Uint8Array);
    const until = Date.parse(lines[0]?.[1]["validUntil"] as string);
    expect(Math.abs(until - Date.now() - 7 * DAY_MS)).toBeLessThan(60_000);
  });
});

describe("loading a certificate that clients refuse", () => {
  it("warns, and gives it all the same: clients that pin the key come in", async () => {
    await writeFile(certificate, expired);
    let loaded: Identity | undefined;
    const warnings = await collectWarnings(async () => (loaded = await loadIdentity(key, { certificate })));
    expect(loaded?.certificateChain).toBeInstanceOf(Uint8Array);
    expect(warnings.map(({ code }) => code)).toEqual(["SORTIE_UNUSABLE_CERTIFICATE"]);
    expect(warnings[0]?.message).toContain(
      `refuse the certificate "${certificate}" (expired): CN=game.example expired`,
    );
    await writeFile(certificate, certificateOf());
    expect(await collectWarnings(() => loadIdentity(key, { certificate }))).toEqual([]);
  });
});
