import { decodeClientHello } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import {
  type Aead,
  AddressCookie,
  checkedProvider,
  ClientHandshake,
  type CryptoProvider,
  fingerprint,
  type HandshakeProgress,
  identityOf,
  type KeyPair,
  PacketProtection,
  protocolId,
  respond,
} from "../src/index.js";
import { altered, connect, node, noble, parameters, suites } from "./support.js";

expectAllTaken();

const identity = identityOf(node.generateKeyPair());

/** A whole handshake, of which each side has its own provider. */
function handshake(crypto: { readonly client?: CryptoProvider; readonly server?: CryptoProvider }): HandshakeProgress {
  const { client = node, server = node } = crypto;
  const trust = { kind: "pin", publicKey: identity.publicKey } as const;
  const own = { protocolId: protocolId(client, "arena/1"), clientConnectionId: 7, parameters, trust };
  const initiator = new ClientHandshake({ crypto: client, ...own });
  const hello = decodeClientHello(initiator.hello());
  if (typeof hello === "string") throw new Error(hello);
  const response = respond({ crypto: server, identity, parameters }, initiator.hello(), hello, 9);
  if (typeof response === "string") throw new Error(response);
  const progress = initiator.receive(response.packet);
  // Keys that both have, and not zeros, which anybody has.
  if (progress.kind === "established") {
    expect(progress.keys.secrets).toEqual(response.keys.secrets);
    for (const secret of Object.values(progress.keys.secrets)) expect(new Set(secret).size).toBeGreaterThan(4);
  }
  return progress;
}

type Method = Exclude<keyof CryptoProvider, "name" | "suitePreference" | "createAead" | "importPrivateKey">;

const KEY_PAIR = "a private key and a public one of 65 bytes";
const EXPECTED: readonly (readonly [Method, "client" | "server", string])[] = [
  ["randomBytes", "client", "32 bytes"],
  ["randomBytes", "server", "32 bytes"],
  ["sha256", "client", "32 bytes"],
  ["sha256", "server", "32 bytes"],
  ["hmacSha256", "client", "32 bytes"],
  ["hmacSha256", "server", "32 bytes"],
  ["generateKeyPair", "client", KEY_PAIR],
  ["generateKeyPair", "server", KEY_PAIR],
  ["sharedSecret", "client", "32 bytes"],
  ["sharedSecret", "server", "32 bytes"],
  ["sign", "server", "64 bytes"],
  ["verify", "client", "true or false"],
];

/** `node` with another answer of one method. */
function answering(method: Method, answer: (right: unknown) => unknown): CryptoProvider {
  const real = node[method].bind(node) as (...args: unknown[]) => unknown;
  return altered(node, { [method]: (...args: unknown[]) => answer(real(...args)) });
}

describe("what a provider answers", () => {
  it.each(EXPECTED)("%s of the %s is refused as a promise, as too little and as too much", (method, side, expected) => {
    const message = (got: string): TypeError =>
      new TypeError(`"crypto.${method}" expected to give ${expected}, got ${got}`);
    const run = (answer: (right: unknown) => unknown) => () => handshake({ [side]: answering(method, answer) });
    expect(run(() => failing())).toThrow(message("a promise"));
    expect(run((right) => Promise.resolve(right))).toThrow(message("a promise"));
    expect(run(() => null)).toThrow(message("null"));
    expect(run(() => 42)).toThrow(message("a number"));
    expect(run(() => [1, 2])).toThrow(message("an array"));
    if (!expected.endsWith("bytes") || expected === KEY_PAIR) return;
    const length = Number.parseInt(expected, 10);
    expect(run((right) => (right as Uint8Array).slice(1))).toThrow(message(`${length - 1} bytes`));
    expect(run((right) => Uint8Array.of(...(right as Uint8Array), 0))).toThrow(message(`${length + 1} bytes`));
  });

  it("a pair with a public key of another length, or without a private one, is none", () => {
    const bad = (change: Partial<Record<keyof KeyPair, unknown>>) => () =>
      handshake({
        client: altered(node, { generateKeyPair: () => ({ ...node.generateKeyPair(), ...change }) as KeyPair }),
      });
    const message = `"crypto.generateKeyPair" expected to give ${KEY_PAIR}, got an object`;
    expect(bad({ publicKey: new Uint8Array(64) })).toThrow(message);
    expect(bad({ publicKey: undefined })).toThrow(message);
    expect(bad({ privateKey: undefined })).toThrow(message);
  });

  it("may be of memory that it uses anew for each, or wipes", () => {
    const scratch = new Uint8Array(1100);
    const shared =
      <Args extends unknown[]>(call: (...args: Args) => Uint8Array) =>
      (...args: Args): Uint8Array => {
        const right = call(...args);
        scratch.fill(0);
        scratch.set(right);
        return scratch.subarray(0, right.length);
      };
    const crypto = altered(node, {
      randomBytes: shared((length) => node.randomBytes(length)),
      sha256: shared((...parts) => node.sha256(...parts)),
      hmacSha256: shared((key, ...parts) => node.hmacSha256(key, ...parts)),
      hkdfSha256: shared((...args) => node.hkdfSha256(...args)),
      sharedSecret: shared((...args) => node.sharedSecret(...args) as Uint8Array),
      sign: shared((...args) => node.sign(...args)),
      generateKeyPair: () => {
        const { publicKey, privateKey } = node.generateKeyPair();
        return { publicKey: shared(() => publicKey)(), privateKey };
      },
    });
    expect(handshake({ client: crypto }).kind).toBe("established");
    expect(handshake({ server: crypto }).kind).toBe("established");
    expect(handshake({ client: crypto, server: crypto }).kind).toBe("established");
    const cookies = new AddressCookie(crypto);
    const subject = { protocolId: new Uint8Array(8), clientRandom: new Uint8Array(32), clientConnectionId: 1 };
    const cookie = cookies.issue(new Uint8Array(16), 5, subject, 1000);
    expect(cookies.verify(cookie, new Uint8Array(16), 5, subject, 4_000)).toBe(true);
    // Over an update of the keys, too.
    const { client, server } = connect({ updateAfterPackets: 2 }, crypto);
    for (let i = 0; i < 8; i++) {
      expect(server.receive(client.send())).toBe(true);
      client.protection.onAcked(i);
      expect(client.receive(server.send())).toBe(true);
    }
    expect(client.protection.statistics.updates).toBeGreaterThan(0);
  });

  it("may be one array of the right length, used anew for each", () => {
    const answers = {
      hmacSha256: new Uint8Array(32),
      hkdfSha256: new Uint8Array(32),
      sharedSecret: new Uint8Array(32),
    };
    const reused = <Args extends unknown[]>(out: Uint8Array, call: (...args: Args) => Uint8Array | undefined) =>
      (...args: Args): Uint8Array => (out.set(call(...args) as Uint8Array), out); // prettier-ignore
    const crypto = altered(node, {
      hmacSha256: reused(answers.hmacSha256, (key, ...parts) => node.hmacSha256(key, ...parts)),
      hkdfSha256: reused(answers.hkdfSha256, (...args) => node.hkdfSha256(...args)),
      sharedSecret: reused(answers.sharedSecret, (...args) => node.sharedSecret(...args)),
    });
    expect(handshake({ client: crypto }).kind).toBe("established");
    // With one who has other memory, over an update of the keys.
    const { client } = connect({ updateAfterPackets: 2 }, crypto);
    const { server } = connect({ updateAfterPackets: 2 });
    for (let i = 0; i < 8; i++) {
      expect(server.receive(client.send())).toBe(true);
      client.protection.onAcked(i);
      expect(client.receive(server.send())).toBe(true);
    }
    expect(client.protection.statistics.updates).toBeGreaterThan(0);
    for (const answer of Object.values(answers)) expect(answer).toEqual(new Uint8Array(32));
  });

  it.each([
    ["node", node],
    ["noble", noble],
  ])("is wiped where %s had it, where it is secret", (_, inner) => {
    const given: Record<string, Uint8Array[]> = { hmacSha256: [], hkdfSha256: [], sharedSecret: [] };
    const noted = <Answer extends Uint8Array | undefined>(method: string, answer: Answer): Answer => {
      if (answer !== undefined) given[method]?.push(answer);
      return answer;
    };
    const crypto = altered(inner, {
      hmacSha256: (key, ...parts) => noted("hmacSha256", inner.hmacSha256(key, ...parts)),
      hkdfSha256: (...args) => noted("hkdfSha256", inner.hkdfSha256(...args)),
      sharedSecret: (...args) => noted("sharedSecret", inner.sharedSecret(...args)),
    });
    expect(handshake({ client: crypto }).kind).toBe("established");
    const { client } = connect({}, crypto);
    client.send();
    client.protection.onAcked(0);
    expect(client.protection.initiateUpdate(0)).toBe(true);
    for (const [method, answers] of Object.entries(given)) {
      expect(answers.length, method).toBeGreaterThan(0);
      for (const answer of answers) expect(answer, method).toEqual(new Uint8Array(32));
    }
  });

  it("makes no keys of zeros where a provider keeps an answer to give it again", () => {
    const kept = <Args extends unknown[], Answer>(call: (...args: Args) => Answer) => {
      const known = new Map<string, Answer>();
      return (...args: Args): Answer => {
        const name = JSON.stringify(args);
        const answer = known.get(name) ?? call(...args);
        known.set(name, answer);
        return answer;
      };
    };
    const hmacSha256 = kept((key: Uint8Array, ...parts: Uint8Array[]) => node.hmacSha256(key, ...parts));
    const message = "expected to give new bytes each time, got zeros: what it gives is wiped";
    // Both sides derive the same, one after the other.
    expect(() => connect({}, altered(node, { hmacSha256 }))).toThrow(new TypeError(`"crypto.hmacSha256" ${message}`));
    const hkdfSha256 = kept((...args: Parameters<CryptoProvider["hkdfSha256"]>) => node.hkdfSha256(...args));
    const update = (): boolean => {
      const { client } = connect({}, altered(node, { hkdfSha256 }));
      client.send();
      client.protection.onAcked(0);
      return client.protection.initiateUpdate(0);
    };
    expect(update()).toBe(true);
    expect(update).toThrow(new TypeError(`"crypto.hkdfSha256" ${message}`));
    let secret: Uint8Array | undefined;
    const sharedSecret: CryptoProvider["sharedSecret"] = (...args) => (secret ??= node.sharedSecret(...args));
    expect(handshake({ client: altered(node, { sharedSecret }) }).kind).toBe("established");
    expect(handshake({ client: altered(node, { sharedSecret }) })).toEqual({
      kind: "ignored",
      reason: "bad-key-share",
    });
  });

  it("is refused in cookies, protocol IDs, fingerprints and key updates, too", () => {
    const hash = answering("sha256", () => failing());
    expect(() => protocolId(hash, "arena/1")).toThrow('"crypto.sha256" expected to give 32 bytes, got a promise');
    expect(() => fingerprint(hash, identity.publicKey)).toThrow('"crypto.sha256" expected to give 32 bytes');
    const cookies = new AddressCookie(answering("hmacSha256", () => failing()));
    const subject = { protocolId: new Uint8Array(8), clientRandom: new Uint8Array(32), clientConnectionId: 1 };
    expect(() => cookies.issue(new Uint8Array(16), 5, subject, 1000)).toThrow('"crypto.hmacSha256" expected');
    const { client } = connect(
      {},
      answering("hkdfSha256", () => failing()),
    );
    client.send();
    client.protection.onAcked(0);
    expect(() => client.protection.initiateUpdate(0)).toThrow('"crypto.hkdfSha256" expected to give 32 bytes');
  });
});

describe("an AEAD that turns asynchronous after its test", () => {
  const secrets = { localSecret: new Uint8Array(32).fill(1), remoteSecret: new Uint8Array(32).fill(1) };

  /** @param change of the AEADs, from when it was tested on */
  function protection(change: (good: Aead) => Partial<Aead>): PacketProtection {
    let isTested = false;
    const createAead: CryptoProvider["createAead"] = (suite, key) => {
      const good = node.createAead(suite, key);
      return isTested
        ? { seal: (...args) => good.seal(...args), open: (...args) => good.open(...args), ...change(good) }
        : good;
    };
    const crypto = checkedProvider(altered(node, { createAead }));
    isTested = true;
    return new PacketProtection({ crypto, suite: suites[0] as 1, ...secrets });
  }

  it("seals nothing", () => {
    const seal = (): void => failing();
    const async = protection(() => ({ seal }));
    const message = '"seal" of an AEAD expected to be synchronous, got a promise';
    expect(() => async.seal(new Uint8Array(100), 0, 20, 1, 0, 0)).toThrow(new TypeError(message));
  });

  it.each([
    [() => failing(), "to be synchronous, got a promise"],
    [() => 100_000, "to give 5 or -1, got 100000"],
    [() => 4, "to give 5 or -1, got 4"],
    [() => NaN, "to give 5 or -1, got NaN"],
    [() => undefined, "to give 5 or -1, got undefined"],
  ])("opens nothing (%#)", (open, message) => {
    const async = protection(() => ({ open: open as () => number }));
    const bytes = new Uint8Array(30);
    expect(async.seal(bytes, 0, 14, 1, 0, 0)).toBe(30);
    expect(() => async.open(bytes, 0, new Uint8Array(1500), 0)).toThrow(`"open" of an AEAD expected ${message}`);
  });

  it("may give back what is no promise", () => {
    const seal = protection((good) => ({ seal: (...args) => (good.seal(...args), { sealed: true }) }));
    const bytes = new Uint8Array(30);
    expect(seal.seal(bytes, 0, 14, 1, 0, 0)).toBe(30);
    expect(seal.open(bytes, 0, new Uint8Array(1500), 0)).toBe(5);
  });
});

describe("checkedProvider", () => {
  it("gives the same for the same provider, and itself for its own", () => {
    const checked = checkedProvider(node);
    expect(checkedProvider(node)).toBe(checked);
    expect(checkedProvider(checked)).toBe(checked);
    expect(checkedProvider(noble)).not.toBe(checked);
  });

  it("tests a suite that the provider does not prefer when it is first used", () => {
    const bad: Aead = { seal: () => undefined, open: () => -1 };
    const createAead: CryptoProvider["createAead"] = (suite, key) => (suite === 2 ? bad : node.createAead(suite, key));
    const checked = checkedProvider(altered(node, { suitePreference: [1], createAead }));
    expect(() => checked.createAead(1, new Uint8Array(16))).not.toThrow();
    expect(() => checked.createAead(2, new Uint8Array(32))).toThrow('"crypto" (altered) fails the vector of RFC 8439');
  });
});
