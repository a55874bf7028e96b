import { decodeServerHello, decodeTransportParameters, encodeCertificateChain, IdentityType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { CertificateFailure, CertificateVerifier, Identity } from "../src/index.js";
import { accept, decoded, establishedKeys, identity, newClient, outcome, stranger } from "./handshake-support.js";

/** Stands in for X.509: the "certificate" is a mark and the key. */
const certified = (of: Identity): Identity => ({
  ...of,
  certificateChain: encodeCertificateChain([Uint8Array.of(0xce, ...of.publicKey), Uint8Array.of(0xca)]),
});

class FakeVerifier implements CertificateVerifier {
  readonly seen: (readonly Uint8Array[])[] = [];
  private readonly failure: CertificateFailure | undefined;

  constructor(failure?: CertificateFailure) {
    this.failure = failure;
  }

  leafKey([leaf]: readonly Uint8Array[]): Uint8Array | undefined {
    return leaf?.[0] === 0xce ? leaf.subarray(1) : undefined;
  }

  verify(certificates: readonly Uint8Array[]): CertificateFailure | undefined {
    this.seen.push(certificates.map((der) => der.slice()));
    return this.failure;
  }
}

const trusting = (verifier: CertificateVerifier) => newClient({ trust: { kind: "certificate", verifier } });

describe("a client that trusts an authority", () => {
  it("asks for certificates, and believes the key of one that the verifier takes", () => {
    const verifier = new FakeVerifier();
    const client = trusting(verifier);
    expect(decodeTransportParameters(decoded(client.hello()).parameters)).toMatchObject({ identityTypes: 2 });
    const { packet } = accept(client.hello(), { identity: certified(identity) });
    expect(decodeServerHello(packet)).toMatchObject({ identityType: IdentityType.X509Chain });
    expect(establishedKeys(client.receive(packet)).serverPublicKey).toEqual(identity.publicKey);
    expect(verifier.seen).toEqual([[Uint8Array.of(0xce, ...identity.publicKey), Uint8Array.of(0xca)]]);
  });

  it("tells why when the verifier does not, and goes on waiting", () => {
    const client = trusting(new FakeVerifier({ code: "expired", text: "it expired" }));
    const { packet } = accept(client.hello(), { identity: certified(identity) });
    expect(client.receive(packet)).toEqual({ kind: "ignored", reason: "identity-mismatch", detail: "it expired" });
    expect(outcome(client.receive(packet))).toBe("identity-mismatch");
  });

  it("does not ask the verifier before the certificate's key has signed this handshake", () => {
    const verifier = new FakeVerifier();
    const client = trusting(verifier);
    // The certificate of the server, signed by somebody else.
    const { certificateChain } = certified(identity) as Required<Identity>;
    const { packet } = accept(client.hello(), { identity: { ...stranger, certificateChain } });
    expect(outcome(client.receive(packet))).toBe("bad-signature");
    // The genuine answer to another client.
    const replayed = accept(trusting(verifier).hello(), { identity: certified(identity) });
    expect(outcome(client.receive(replayed.packet))).toBe("bad-signature");
    expect(verifier.seen).toEqual([]);
  });

  it("takes no raw key, rightly signed as it may be", () => {
    const client = trusting(new FakeVerifier());
    const { packet } = accept(client.hello(), { identity });
    expect(client.receive(packet)).toEqual({
      kind: "ignored",
      reason: "identity-mismatch",
      detail: "the server has no certificate",
    });
  });

  it.each([
    ["malformed", Uint8Array.of(0, 9, 1)],
    ["unsupported-identity", encodeCertificateChain([Uint8Array.of(1, 2, 3)])],
  ])("refuses a chain that is %s", (reason, certificateChain) => {
    const client = trusting(new FakeVerifier());
    const { packet } = accept(client.hello(), { identity: { ...identity, certificateChain } });
    expect(outcome(client.receive(packet))).toBe(reason);
  });
});

describe("a client that pins a key, or trusts any", () => {
  it("is shown the raw key by a server that has certificates", () => {
    for (const trust of [{ kind: "any" }, { kind: "pin", publicKey: identity.publicKey }] as const) {
      const client = newClient({ trust });
      const { packet } = accept(client.hello(), { identity: certified(identity) });
      expect(decodeServerHello(packet)).toMatchObject({ identityType: IdentityType.RawKey });
      expect(outcome(client.receive(packet))).toBe("established");
    }
  });

  it("takes no certificates, which it cannot check", () => {
    const client = newClient();
    const asking = trusting(new FakeVerifier());
    const { packet } = accept(asking.hello(), { identity: certified(identity) });
    const forged = packet.slice();
    forged.set(client.hello().subarray(45, 49), 5);
    expect(outcome(client.receive(forged))).toBe("unsupported-identity");
  });
});
