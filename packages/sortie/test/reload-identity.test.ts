import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issueAuthority, issueServerCertificate } from "@sortie/certificates";
import type { Identity } from "@sortie/handshake";
import { identityToPem } from "@sortie/handshake/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  connect,
  type ConnectError,
  createConsoleLogger,
  createServer,
  generateIdentity,
  loadIdentity,
  reloadIdentityOnSignal,
  saveIdentity,
} from "../src/index.js";

let folder = "";
let stop = (): void => {};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sortie-reload-"));
});

afterEach(async () => {
  stop();
  stop = () => {};
  await rm(folder, { recursive: true, force: true });
});

const authorityKey = generateIdentity();
const ca = issueAuthority({ key: authorityKey, name: "Reload CA" });

function certificateOf({ publicKey }: Identity, hostname: string): string {
  return issueServerCertificate({ authority: ca, authorityKey, publicKey, hostnames: [hostname], days: 1 });
}

/** A logger whose next line can be waited for. */
function expecting(): { logger: ReturnType<typeof createConsoleLogger>; next: () => Promise<string> } {
  let onLine: ((line: string) => void) | undefined;
  const write = (line: string): void => onLine?.(line);
  return {
    logger: createConsoleLogger({ write }),
    next: () => new Promise((resolve) => (onLine = resolve)),
  };
}

describe("reloadIdentityOnSignal", () => {
  it("shows a renewed certificate, then a new key, without a restart; a broken file changes nothing", async () => {
    const [key, certificate] = [join(folder, "server.key"), join(folder, "server.crt")];
    const identity = generateIdentity();
    await saveIdentity(identity, key);
    await writeFile(certificate, certificateOf(identity, "old.example"));
    const protocol = "reload/1";
    const loaded = await loadIdentity(key, { certificate });
    const server = createServer({ protocol, identity: loaded, host: "127.0.0.1", port: 0, tickRate: 0 });
    const { port } = await server.listen();
    const { logger, next } = expecting();
    const before = process.listenerCount("SIGUSR2");
    stop = reloadIdentityOnSignal(server, key, { certificate, logger, signal: "SIGUSR2" });
    const signal = async (): Promise<string> => {
      const line = next();
      process.emit("SIGUSR2");
      return line;
    };
    const enter = (hostname: string): ReturnType<typeof connect> =>
      connect({ host: "127.0.0.1", port, protocol, trust: { ca, hostname }, timeoutMs: 10_000 });
    const refusal = (hostname: string): Promise<string> =>
      enter(hostname).then(
        () => "let in",
        (error: ConnectError) => `${error.code}: ${error.message.replace(/^\S+ /, "")}`,
      );

    const early = await enter("old.example");
    expect(await refusal("new.example")).toMatch(/^identity-mismatch: is not trusted: the certificate is for/);

    await writeFile(certificate, certificateOf(identity, "new.example"));
    expect(await signal()).toContain("SIGUSR2: key and certificate were loaded again");
    const late = await enter("new.example");
    expect(await refusal("old.example")).toMatch(/^identity-mismatch/);

    await writeFile(certificate, "nothing of a certificate");
    expect(await signal()).toMatch(/ERROR SIGUSR2: key and certificate stay as they were[^]*CertificateError/);
    await (await enter("new.example")).close();

    const replaced = generateIdentity();
    await saveIdentity(replaced, key, { force: true });
    await writeFile(certificate, certificateOf(replaced, "new.example"));
    expect(await signal()).toContain("loaded again");
    await (await enter("new.example")).close();
    expect([early.isConnected, late.isConnected]).toEqual([true, true]);

    expect(process.listenerCount("SIGUSR2") - before).toBe(1);
    stop();
    expect(process.listenerCount("SIGUSR2") - before).toBe(0);
    await Promise.all([early.close(), late.close()]);
    await server.close();
  });

  it("goes on when its logger throws: the next signal is obeyed as well", async () => {
    const key = join(folder, "server.key");
    await saveIdentity(generateIdentity(), key);
    let loads = 0;
    let onLoad = (): void => {};
    const setIdentity = (): void => {
      loads += 1;
      onLoad();
    };
    const fail = (): never => {
      throw new Error("disk full");
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    stop = reloadIdentityOnSignal({ setIdentity }, key, { logger, signal: "SIGUSR2" });
    for (let i = 1; i <= 2; i++) {
      const loaded = new Promise<void>((resolve) => (onLoad = resolve));
      process.emit("SIGUSR2");
      await loaded;
      expect(loads).toBe(i);
    }
    stop();
  });

  it("refuses what is no server and no path, and options that are none", () => {
    expect(() => reloadIdentityOnSignal({} as never, "x")).toThrow(/"server" expected what createServer\(\) gives/);
    const server = { setIdentity: (): void => {} };
    expect(() => reloadIdentityOnSignal(server, "x", { signal: "SIGKILL" as never })).toThrow(
      /"signal" expected one of/,
    );
    expect(() => reloadIdentityOnSignal(server, "x", { logger: {} as never })).toThrow(/"logger" expected an object/);
    expect(() => reloadIdentityOnSignal(server, 5 as never)).toThrow(
      /"path" expected the name of a file, got a number/,
    );
    const pem = identityToPem(generateIdentity()).privateKeyPem;
    const expected = new TypeError('"path" expected the name of a file, got PEM text');
    expect(() => reloadIdentityOnSignal(server, pem)).toThrow(expected);
    for (const [options, message] of [
      [{ certficate: "y" }, '"options" expected only certificate, signal, logger, got "certficate"'],
      [{ certificate: 5 }, '"certificate" expected the name of a file, got a number'],
      [null, '"options" expected an object, got null'],
    ]) {
      expect(() => reloadIdentityOnSignal(server, "x", options as never)).toThrow(new TypeError(message as string));
    }
  });
});
