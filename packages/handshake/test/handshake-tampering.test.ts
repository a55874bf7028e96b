import { decodeClientHello, decodeServerHello, IdentityType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { identityOf } from "../src/index.js";
import { accept, answer, CLIENT_ID, craft, decoded, establishedKeys, identity } from "./handshake-support.js";
import { newClient, outcome, stranger } from "./handshake-support.js";
import { altered, concat, flipped, hex, noble, node, seededBytes, toHex } from "./support.js";

describe("T11, T22 a SERVER_HELLO changed on its way", () => {
  it("never establishes, whichever byte it is; the true one does after", () => {
    const client = newClient();
    const { packet } = accept(client.hello());
    const reasons = new Set<string>();
    for (let at = 0; at < packet.length; at++) {
      for (const mask of [0x01, 0x80]) {
        const reason = outcome(client.receive(flipped(packet, at, mask)));
        expect(reason, `byte ${at} mask ${mask}`).not.toBe("established");
        reasons.add(reason);
      }
    }
    const expected = ["malformed", "wrong-connection-id", "suite-not-offered", "bad-parameters"];
    expect([...reasons].sort()).toEqual([...expected, "bad-signature", "unsupported-identity"].sort());
    expect(outcome(client.receive(packet))).toBe("established");
  });

  it("never establishes with noble either, field by field", () => {
    const client = newClient({ crypto: noble });
    const { packet } = accept(client.hello());
    // One byte of each: IDs, suite, random, key share, parameters, identity, signature.
    const marks = [5, 9, 13, 14, 46, 110, packet.length - 100, packet.length - 60, packet.length - 1];
    for (const at of marks) expect(outcome(client.receive(flipped(packet, at)))).not.toBe("established");
    expect(outcome(client.receive(packet))).toBe("established");
  });

  it("never establishes when cut or longer, and nothing throws on garbage", () => {
    const client = newClient();
    const { packet } = accept(client.hello());
    for (let length = 0; length < packet.length; length++) {
      expect(outcome(client.receive(packet.subarray(0, length)))).toBe("malformed");
    }
    expect(outcome(client.receive(concat(packet, Uint8Array.of(0))))).toBe("malformed");
    const bytes = seededBytes(5);
    for (let i = 0; i < 500; i++) {
      const garbage = bytes(i);
      // Half of them get past the magic.
      if (i % 2 === 0) garbage.set(packet.subarray(0, Math.min(i, 5 + (i % 40))));
      expect(client.receive(garbage).kind).toBe("ignored");
    }
    expect(outcome(client.receive(packet))).toBe("established");
  });
});

describe("T22 a CLIENT_HELLO changed on its way", () => {
  it("never leads to a connection, whichever byte it is", () => {
    const client = newClient();
    const hello = client.hello();
    let answered = 0;
    for (let at = 5; at < hello.length; at++) {
      const changed = flipped(hello, at);
      if (typeof decodeClientHello(changed) === "string") continue;
      const response = answer(changed);
      if (typeof response === "string") continue;
      answered += 1;
      const reason = outcome(client.receive(response.packet));
      expect(["bad-signature", "wrong-connection-id"], `byte ${at}`).toContain(reason);
    }
    // Protocol ID, random, connection ID, parameters: a server cannot see that they were changed.
    expect(answered).toBeGreaterThan(44);
    expect(outcome(client.receive(accept(hello).packet))).toBe("established");
  });

  it("does not get a worse suite chosen by stripping the offer", () => {
    const client = newClient({ suites: [1, 2] });
    const at = 5 + 8 + 32 + 4;
    // The offer 1, 2 becomes 2 alone: the rest moves one byte down.
    const hello = client.hello();
    const stripped = new Uint8Array(1200);
    stripped.set(hello.subarray(0, at));
    stripped[at] = 1;
    stripped.set(hello.subarray(at + 2), at + 1);
    expect([...decoded(stripped).suites]).toEqual([2]);
    const response = accept(stripped);
    expect(response.keys.suite).toBe(2);
    expect(outcome(client.receive(response.packet))).toBe("bad-signature");
  });
});

describe("T22 a SERVER_HELLO of another session", () => {
  it("is refused, with the same connection ID too", () => {
    const [earlier, now] = [newClient(), newClient()];
    const replayed = accept(earlier.hello()).packet;
    expect(outcome(now.receive(replayed))).toBe("bad-signature");
    expect(outcome(earlier.receive(replayed))).toBe("established");
    expect(outcome(now.receive(accept(now.hello()).packet))).toBe("established");
  });

  it("is refused by its connection ID before any signature is checked", () => {
    let checks = 0;
    const crypto = altered(node, {
      verify: (...args) => {
        checks += 1;
        return node.verify(...args);
      },
    });
    const client = newClient({ crypto });
    const other = newClient({ clientConnectionId: CLIENT_ID + 1 });
    expect(outcome(client.receive(accept(other.hello()).packet))).toBe("wrong-connection-id");
    expect(outcome(client.receive(craft(client.hello(), { suite: 3 })))).toBe("suite-not-offered");
    expect(checks).toBe(0);
    expect(outcome(client.receive(accept(client.hello()).packet))).toBe("established");
    expect(checks).toBe(1);
  });
});

describe("T23 identity", () => {
  it("of another server, with a right signature, is a mismatch; the true server is still welcome", () => {
    const client = newClient();
    expect(outcome(client.receive(accept(client.hello(), { identity: stranger }).packet))).toBe("identity-mismatch");
    expect(outcome(client.receive(accept(client.hello()).packet))).toBe("established");
  });

  it("of another server without its signature is no mismatch but a forgery", () => {
    const client = newClient();
    const forged = craft(client.hello(), { identity: stranger.publicKey }, identity);
    expect(outcome(client.receive(forged))).toBe("bad-signature");
    const pretended = craft(client.hello(), { identity: identity.publicKey }, stranger);
    expect(outcome(client.receive(pretended))).toBe("bad-signature");
  });

  it("does not matter to a client that trusts any, and is told to it", () => {
    const client = newClient({ trust: { kind: "any" } });
    const keys = establishedKeys(client.receive(accept(client.hello(), { identity: stranger }).packet));
    expect(toHex(keys.serverPublicKey)).toBe(toHex(stranger.publicKey));
  });

  it("is needed by a client that trusts any, too: the signature must be of the key shown", () => {
    const client = newClient({ trust: { kind: "any" } });
    const forged = craft(client.hello(), { identity: stranger.publicKey }, identity);
    expect(outcome(client.receive(forged))).toBe("bad-signature");
  });

  it("of a kind that the client cannot check is refused", () => {
    const client = newClient({ trust: { kind: "any" } });
    for (const changes of [
      { identityType: IdentityType.X509Chain },
      { identityType: IdentityType.X509Chain, identity: new Uint8Array(900) },
      { identity: concat(Uint8Array.of(6), identity.publicKey.subarray(1)) },
    ]) {
      expect(outcome(client.receive(craft(client.hello(), changes)))).toBe("unsupported-identity");
    }
    const offCurve = craft(client.hello(), { identity: flipped(identity.publicKey, 64) });
    expect(outcome(client.receive(offCurve))).toBe("bad-signature");
  });
});

describe("T24 a signed SERVER_HELLO of a broken server", () => {
  it("is refused when its key share is no point of the curve", () => {
    const client = newClient();
    const point = node.generateKeyPair().publicKey;
    for (const keyShare of [flipped(point, 64), flipped(point, 0), flipped(point, 0, 2), new Uint8Array(65)]) {
      expect(outcome(client.receive(craft(client.hello(), { keyShare })))).toBe("bad-key-share");
    }
    expect(outcome(client.receive(accept(client.hello()).packet))).toBe("established");
  });

  it("is refused when its parameters cannot be", () => {
    const client = newClient();
    const { parameters } = decoded(client.hello());
    for (const bad of [new Uint8Array(0), parameters.subarray(0, parameters.length - 1), flipped(parameters, 0)]) {
      expect(outcome(client.receive(craft(client.hello(), { parameters: bad })))).toBe("bad-parameters");
    }
  });

  it.each([
    ["noble", noble],
    ["node", node],
  ])("is refused when the shared secret is all zero, by client and server (%s)", (_, crypto) => {
    // Wycheproof ecdh_secp256r1_ecpoint tcId 3.
    const pair = crypto.importPrivateKey(hex("0a0d622a47e48f6bc1038ace438c6f528aa00ad2bd1da5f13ee46bf5f633d71a"));
    const point = hex(
      "0458fd4168a87795603e2b04390285bdca6e57de6027fe211dd9d25e2212d29e62" +
        "080d36bd224d7405509295eed02a17150e03b314f96da37445b0d1d29377d12c",
    );
    const fixed = altered(crypto, { generateKeyPair: () => pair });
    const client = newClient({ crypto: fixed });
    expect(outcome(client.receive(craft(client.hello(), { keyShare: point })))).toBe("bad-key-share");

    const hostile = newClient({ crypto: altered(node, { generateKeyPair: () => ({ ...pair, publicKey: point }) }) });
    const serverIdentity = identityOf(crypto.generateKeyPair());
    expect(answer(hostile.hello(), { crypto: fixed, identity: serverIdentity })).toBe("bad-key-share");
  });
});

describe("the hand-made SERVER_HELLO of these tests", () => {
  it("is right when nothing is wrong with it", () => {
    const client = newClient();
    const packet = craft(client.hello());
    expect(decodeServerHello(packet)).toMatchObject({ clientConnectionId: CLIENT_ID });
    expect(outcome(client.receive(packet))).toBe("established");
  });
});
