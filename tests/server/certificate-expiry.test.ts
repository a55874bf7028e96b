import { issueAuthority, issueServerCertificate, judgeOwnCertificates, withCertificates } from "@sortie/certificates";
import type { Identity } from "@sortie/handshake";
import { createNodeProvider, generateIdentity } from "@sortie/handshake/node";
import { encodeCertificateChain } from "@sortie/wire";
import { afterEach, describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

const NOW_MS = Date.UTC(2027, 0, 15, 12);
const DAY_MS = 86_400_000;

const authorityKey = generateIdentity();
const authority = issueAuthority({ key: authorityKey, name: "Arena CA", now: () => NOW_MS, days: 90 });

/** The identity with a certificate of so many days, and what stands behind that. */
function certified(identity: Identity, days: number, more: string = ""): Identity {
  const { publicKey } = identity;
  const options = { authority, authorityKey, publicKey, hostnames: ["game.example.com"], days, now: () => NOW_MS };
  return withCertificates(identity, issueServerCertificate(options) + more);
}

let game: GameNetwork;

function serve(identity: Identity): GameNetwork {
  return (game = new GameNetwork({ crypto: createNodeProvider(), server: { identity } }));
}

afterEach(() => game.end());

describe("when a server's certificates run out", () => {
  it("is nothing for a bare key", () => {
    expect(serve(generateIdentity()).server.stats.certificateNotAfterMs).toBeUndefined();
  });

  it("stands in its statistics, the earliest of what it sends", () => {
    const identity = certified(generateIdentity(), 30);
    serve(identity);
    expect(game.server.stats.certificateNotAfterMs).toBe(NOW_MS + 30 * DAY_MS);
    expect(judgeOwnCertificates(identity, NOW_MS)?.notAfterMs).toBe(NOW_MS + 30 * DAY_MS);
    const above = certified(generateIdentity(), 89, authority);
    game.server.setIdentity(above);
    expect(game.server.stats.certificateNotAfterMs).toBe(NOW_MS + 89 * DAY_MS);
  });

  it("follows a change of identity, there and back to a bare key; one that is refused changes nothing", () => {
    const key = generateIdentity();
    serve(key);
    game.server.setIdentity(certified(key, 7));
    expect(game.server.stats.certificateNotAfterMs).toBe(NOW_MS + 7 * DAY_MS);
    game.server.setIdentity(certified(key, 40));
    expect(game.server.stats.certificateNotAfterMs).toBe(NOW_MS + 40 * DAY_MS);
    const broken = { ...certified(key, 60), keyPair: { ...key.keyPair, privateKey: {} } };
    expect(() => game.server.setIdentity(broken as Identity)).toThrow();
    expect(game.server.stats.certificateNotAfterMs).toBe(NOW_MS + 40 * DAY_MS);
    game.server.setIdentity(key);
    expect(game.server.stats.certificateNotAfterMs).toBeUndefined();
  });

  it("is not known of certificates that nobody has looked at", () => {
    const identity = { ...generateIdentity(), certificateChain: encodeCertificateChain([Uint8Array.of(0x30, 1, 2)]) };
    expect(serve(identity).server.stats.certificateNotAfterMs).toBeUndefined();
  });
});
