import {
  ByteWriter,
  CipherSuite,
  encodeReject,
  encodeRetry,
  REJECT_BYTES,
  RejectReason,
  RETRY_BYTES,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { createNobleProvider, identityOf, MAX_RETRIES, PacketProtection, protocolId, respond } from "../src/index.js";
import { accept, answer, CLIENT_ID, craft, decoded, establishedKeys, identity } from "./handshake-support.js";
import { newClient, outcome, SERVER_ID } from "./handshake-support.js";
import { altered, flipped, hex, noble, node, parameters, providers, seededBytes, toHex } from "./support.js";

function retry(cookieByte: number, clientConnectionId: number = CLIENT_ID): Uint8Array {
  const bytes = new Uint8Array(RETRY_BYTES);
  encodeRetry(new ByteWriter().reset(bytes), { clientConnectionId, cookie: new Uint8Array(36).fill(cookieByte) });
  return bytes;
}

function reject(clientRandom: Uint8Array, reason: RejectReason, clientConnectionId: number = CLIENT_ID): Uint8Array {
  const bytes = new Uint8Array(REJECT_BYTES);
  encodeReject(new ByteWriter().reset(bytes), { clientConnectionId, clientRandom, reason });
  return bytes;
}

const pairings = providers.flatMap(([clientName, client]) =>
  providers.map(([serverName, server]) => ({ clientName, client, serverName, server })),
);

describe.each(pairings)("client on $clientName, server on $serverName", ({ client, server }) => {
  const serverIdentity = identityOf(server.generateKeyPair());
  const pin = { kind: "pin", publicKey: serverIdentity.publicKey } as const;

  it.each([CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305])("share the keys of suite %i", (suite) => {
    const handshake = newClient({ crypto: client, trust: pin });
    expect(handshake.receive(retry(7))).toEqual({ kind: "retry" });
    const response = accept(handshake.hello(), { crypto: server, identity: serverIdentity, suites: [suite] });
    const keys = establishedKeys(handshake.receive(response.packet));

    expect(keys).toEqual({
      suite,
      secrets: response.keys.secrets,
      localConnectionId: CLIENT_ID,
      remoteConnectionId: SERVER_ID,
      peerParameters: parameters,
      serverPublicKey: serverIdentity.publicKey,
    });
    expect(response.keys).toMatchObject({ suite, localConnectionId: SERVER_ID, remoteConnectionId: CLIENT_ID });
    expect(response.keys.peerParameters).toEqual(parameters);
    expect(response.packet.length).toBeLessThanOrEqual(handshake.hello().length);

    const { clientSecret, serverSecret } = keys.secrets;
    const atClient = { crypto: client, suite, localSecret: clientSecret, remoteSecret: serverSecret };
    const atServer = { crypto: server, suite, localSecret: serverSecret, remoteSecret: clientSecret };
    const packet = new Uint8Array(40).fill(6);
    new PacketProtection(atClient).seal(packet, 0, 24, SERVER_ID, 0, 0);
    const out = new Uint8Array(1500);
    expect(new PacketProtection(atServer).open(packet, 0, out, 0)).toBe(15);
    expect([...out.subarray(0, 15)].every((byte) => byte === 6)).toBe(true);
  });
});

describe("a client's handshake with Buffers", () => {
  it("keeps copies of its options and of what came: the caller may write over them", () => {
    const [publicKey, id] = [Buffer.from(identity.publicKey), Buffer.from(protocolId(node, "arena/1"))];
    const client = newClient({ trust: { kind: "pin", publicKey }, protocolId: id });
    publicKey.fill(0);
    id.fill(0);
    expect(client.receive(retry(7))).toEqual({ kind: "retry" });
    expect(toHex(decoded(client.hello()).protocolId)).toBe(toHex(protocolId(node, "arena/1")));
    const datagram = Buffer.from(accept(client.hello()).packet);
    const keys = establishedKeys(client.receive(datagram));
    datagram.fill(0);
    expect(toHex(keys.serverPublicKey)).toBe(toHex(identity.publicKey));
  });
});

describe("the hello", () => {
  it("is the same each time, and after a RETRY the same but for the cookie", () => {
    const client = newClient();
    const first = client.hello().slice();
    expect(first).toHaveLength(1200);
    expect(client.hello()).toEqual(first);
    expect(decoded(first).cookie).toHaveLength(0);
    client.receive(retry(9));
    const second = client.hello();
    expect(decoded(second)).toEqual({ ...decoded(first), cookie: new Uint8Array(36).fill(9) });
    expect(client.hello()).toEqual(second);
  });

  it("has a fresh random and key share in each attempt", () => {
    const [a, b] = [decoded(newClient().hello()), decoded(newClient().hello())];
    expect(toHex(a.clientRandom)).not.toBe(toHex(b.clientRandom));
    expect(toHex(a.keyShare)).not.toBe(toHex(b.keyShare));
  });

  it("offers the provider's suites or those asked for, in order", () => {
    expect([...decoded(newClient({ crypto: noble }).hello()).suites]).toEqual([2, 1]);
    expect([...decoded(newClient().hello()).suites]).toEqual([1, 2]);
    expect([...decoded(newClient({ suites: [2] }).hello()).suites]).toEqual([2]);
  });
});

describe("T08 each connection", () => {
  it("has secrets of its own, also for the same hello answered twice", () => {
    const client = newClient();
    const [a, b] = [accept(client.hello()), accept(client.hello())];
    const secrets = [a, b].flatMap(({ keys }) => Object.values(keys.secrets).map(toHex));
    expect(new Set(secrets).size).toBe(8);
  });
});

describe("the server's choice", () => {
  it("follows its own preference among what was offered", () => {
    const bytes = newClient({ suites: [2, 1] }).hello();
    expect(accept(bytes).keys.suite).toBe(1);
    expect(accept(bytes, { suites: [2, 1] }).keys.suite).toBe(2);
    expect(accept(newClient({ suites: [2] }).hello()).keys.suite).toBe(2);
  });

  it("is none without a common suite", () => {
    expect(answer(newClient({ suites: [2] }).hello(), { suites: [1] })).toBe("no-common-suite");
  });

  it("passes over suites that nobody knows", () => {
    const bytes = newClient().hello().slice();
    const at = 5 + 8 + 32 + 4 + 1;
    expect([...bytes.subarray(at - 1, at + 2)]).toEqual([2, 1, 2]);
    bytes[at] = 0x77;
    expect(accept(bytes).keys.suite).toBe(2);
    bytes[at + 1] = 0x78;
    expect(answer(bytes)).toBe("no-common-suite");
  });

  it("T24 refuses key shares that are no point of the curve", () => {
    const bytes = newClient().hello();
    const keyShareAt = 5 + 8 + 32 + 4 + 1 + 2;
    for (const at of [0, 1, 33, 64]) expect(answer(flipped(bytes, keyShareAt + at))).toBe("bad-key-share");
    const infinity = bytes.slice();
    infinity.fill(0, keyShareAt, keyShareAt + 65);
    expect(answer(infinity)).toBe("bad-key-share");
  });

  it("refuses parameters out of range", () => {
    const bytes = newClient().hello();
    const parametersAt = 5 + 8 + 32 + 4 + 1 + 2 + 65 + 1;
    expect(answer(flipped(bytes, parametersAt + 3))).toBe("bad-parameters");
  });
});

describe("RETRY", () => {
  it("T22 is ignored for another connection, cut, or with the cookie at hand", () => {
    const client = newClient();
    const before = client.hello().slice();
    expect(outcome(client.receive(retry(1, CLIENT_ID ^ 1)))).toBe("wrong-connection-id");
    for (let length = 0; length < RETRY_BYTES; length++) {
      expect(outcome(client.receive(retry(1).subarray(0, length)))).toBe("malformed");
    }
    expect(client.hello()).toEqual(before);
    expect(outcome(client.receive(retry(1)))).toBe("retry");
    expect(outcome(client.receive(retry(1)))).toBe("duplicate-retry");
  });

  it("is taken eight times, and the handshake can still end well", () => {
    const client = newClient();
    for (let i = 1; i <= MAX_RETRIES; i++) expect(outcome(client.receive(retry(i)))).toBe("retry");
    const last = client.hello().slice();
    for (let i = 0; i < 3; i++) expect(outcome(client.receive(retry(100 + i)))).toBe("too-many-retries");
    expect(client.hello()).toEqual(last);
    expect(MAX_RETRIES).toBe(8);
    expect(outcome(client.receive(accept(client.hello()).packet))).toBe("established");
  });

  it("does not keep the datagram", () => {
    const client = newClient();
    const datagram = retry(3);
    client.receive(datagram);
    datagram.fill(0xff);
    expect(decoded(client.hello()).cookie).toEqual(new Uint8Array(36).fill(3));
    expect(outcome(client.receive(retry(3)))).toBe("duplicate-retry");
  });

  it("T20 may cross the answer to an earlier hello", () => {
    const client = newClient();
    client.receive(retry(1));
    const { packet } = accept(client.hello());
    client.receive(retry(2));
    expect(outcome(client.receive(packet))).toBe("established");
  });

  it("T20 pushes out the oldest of 32 hellos, which takes more than three repetitions by time", () => {
    const client = newClient();
    const packets = [accept(client.hello()).packet];
    let renewals = 0;
    for (let i = 1; i <= 32; i++) {
      if (outcome(client.receive(retry(i))) === "too-many-retries") {
        renewals += 1;
        client.renewRetries();
      }
      expect(decoded(client.hello()).cookie[0]).toBe(i);
      packets.push(accept(client.hello()).packet);
    }
    expect(renewals).toBe(3);
    expect(outcome(client.receive(packets[0] as Uint8Array))).toBe("bad-signature");
    expect(outcome(client.receive(packets[1] as Uint8Array))).toBe("established");
  });
});

describe("REJECT", () => {
  it("says why, if it echoes the random of this attempt", () => {
    const client = newClient();
    const { clientRandom } = decoded(client.hello());
    const reasons = [2, 3, 4, 5] as const;
    for (const reason of reasons) {
      expect(client.receive(reject(clientRandom, reason))).toEqual({ kind: "rejected", reason, version: 1 });
    }
    const older = reject(clientRandom, RejectReason.Version);
    older[4] = 9;
    expect(client.receive(older)).toEqual({ kind: "rejected", reason: RejectReason.Version, version: 9 });
  });

  it("T22 is ignored when forged, and the true answer still counts", () => {
    const client = newClient();
    const { clientRandom } = decoded(client.hello());
    const full = reject(clientRandom, RejectReason.ServerFull);
    expect(outcome(client.receive(reject(clientRandom, 3, CLIENT_ID + 1)))).toBe("wrong-connection-id");
    for (let i = 0; i < 32; i++) {
      expect(outcome(client.receive(reject(flipped(clientRandom, i), 3)))).toBe("wrong-random");
    }
    for (let length = 0; length < REJECT_BYTES; length++) {
      expect(outcome(client.receive(full.subarray(0, length)))).toBe("malformed");
    }
    // A server that refuses our version for being ours.
    expect(outcome(client.receive(reject(clientRandom, RejectReason.Version)))).toBe("malformed");
    expect(outcome(client.receive(full))).toBe("rejected");
    expect(outcome(client.receive(accept(client.hello()).packet))).toBe("established");
  });
});

describe("T12 after the handshake", () => {
  it("nothing changes any more", () => {
    const client = newClient();
    const { clientRandom } = decoded(client.hello());
    const { packet } = accept(client.hello());
    expect(outcome(client.receive(packet))).toBe("established");
    for (const late of [packet, craft(client.hello()), retry(1), reject(clientRandom, 3), client.hello()]) {
      expect(outcome(client.receive(late))).toBe("unexpected");
    }
  });

  it("before it, a CLIENT_HELLO is not for clients", () => {
    const client = newClient();
    expect(outcome(client.receive(client.hello()))).toBe("unexpected");
  });
});

describe("T41 without entropy", () => {
  const failing = altered(node, {
    randomBytes: () => {
      throw new Error("no entropy");
    },
  });

  it("there is no client and no answer", () => {
    expect(() => newClient({ crypto: failing })).toThrow("no entropy");
    expect(() => answer(newClient().hello(), { crypto: failing })).toThrow("no entropy");
    const broken = createNobleProvider({ randomBytes: () => new Uint8Array(0) });
    expect(() => newClient({ crypto: broken })).toThrow("of the generator");
  });
});

describe("bad options", () => {
  it("throw at once", () => {
    expect(() => newClient({ clientConnectionId: 2 ** 32 })).toThrow('"clientConnectionId" expected 0..4294967295');
    expect(() => newClient({ clientConnectionId: -1 })).toThrow(RangeError);
    expect(() => newClient({ protocolId: new Uint8Array(7) })).toThrow('"protocolId" expected 8 bytes, got 7');
    expect(() => newClient({ suites: [] })).toThrow('"suites" expected some of 1 and 2, got []');
    expect(() => newClient({ suites: [1, 3 as CipherSuite] })).toThrow("got [1, 3]");
    expect(() => newClient({ suites: [1, 1] })).toThrow(RangeError);
    expect(() => newClient({ parameters: { ...parameters, maxAckDelayMs: -1 } })).toThrow('"maxAckDelayMs" expected');
    expect(() => newClient({ trust: { kind: "pin", publicKey: new Uint8Array(33) } })).toThrow(
      '"trust.publicKey" expected 65 bytes that start with 04, got 33 bytes',
    );
    for (const given of ["protocol", 8, null, Promise.resolve(new Uint8Array(8))] as never[]) {
      expect(() => newClient({ protocolId: given })).toThrow(/^"protocolId" expected 8 bytes, got (a |null)/);
      expect(() => newClient({ trust: { kind: "pin", publicKey: given } })).toThrow(
        /^"trust.publicKey" expected 65 bytes that start with 04, got (a |null)/,
      );
    }
    expect(() => newClient({ trust: { kind: "ca" } as never })).toThrow(
      '"trust.kind" expected "pin", "certificate" or "any"',
    );
    const bytes = newClient().hello();
    const options = { crypto: node, identity, parameters };
    expect(() => respond(options, bytes, decoded(bytes), -1)).toThrow('"serverConnectionId" expected');
    expect(() => answer(bytes, { suites: [] })).toThrow('"suites" expected');
    expect(() => answer(bytes, { identity: identityOf(noble.generateKeyPair()) })).toThrow(TypeError);
  });

  it("are not read again later", () => {
    const publicKey = identity.publicKey.slice();
    const client = newClient({ trust: { kind: "pin", publicKey } });
    publicKey.fill(0);
    expect(outcome(client.receive(accept(client.hello()).packet))).toBe("established");
  });
});

describe("a whole handshake with seeded randomness", () => {
  it("always has the same bytes, so that a change of format or key schedule is seen", () => {
    const clientCrypto = createNobleProvider({ randomBytes: seededBytes(1) });
    const serverCrypto = createNobleProvider({ randomBytes: seededBytes(2) });
    const serverIdentity = identityOf(serverCrypto.importPrivateKey(hex("11".repeat(32))));
    const client = newClient({ crypto: clientCrypto, trust: { kind: "any" } });
    client.receive(retry(0xc0));
    const { packet } = accept(client.hello(), { crypto: serverCrypto, identity: serverIdentity });
    const keys = establishedKeys(client.receive(packet));
    expect({
      clientHello: toHex(node.sha256(client.hello())),
      serverHello: toHex(node.sha256(packet)),
      clientSecret: toHex(keys.secrets.clientSecret),
    }).toMatchInlineSnapshot(`
      {
        "clientHello": "55787ce24a4421e9fdfd2ac03164a08f0a7dad11bc796bbb44ef939b159bf8fa",
        "clientSecret": "4917c9a55faf171411a6cf652c329d8df7befa3178a01c472cc1c4d1f2e0e3da",
        "serverHello": "8822d317ffe8e355acbf33f7d00aa2a77ac739e15c66a6561544ed36b2cadbda",
      }
    `);
  });
});
