import { runInNewContext } from "node:vm";
import { createNobleProvider, identityOf } from "@sortie/handshake";
import { encodeCertificateChain } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { createNetwork } from "@sortie/transport-memory";
import { SystemClock } from "@sortie/transport";
import { connect, createClient, createServer, generateIdentity, type Identity } from "../src/index.js";

/** The same bytes as an array of another realm, as jsdom and `vm` make them: no instance of this one's Uint8Array. */
function foreign(bytes: Uint8Array): Uint8Array {
  return runInNewContext("new Uint8Array(bytes)", { bytes: [...bytes] }) as Uint8Array;
}

/** All bytes of it foreign. */
function foreignIdentity({ publicKey, keyPair }: Identity): Identity {
  return {
    publicKey: foreign(publicKey),
    keyPair: { ...keyPair, publicKey: foreign(keyPair.publicKey) },
    certificateChain: foreign(encodeCertificateChain([Uint8Array.of(0x30, 1, 2)])),
  };
}

describe("bytes of another realm", () => {
  it.each(["node", "noble"])("serve as identity, key, payload and message: %s", async (name) => {
    const crypto = name === "noble" ? createNobleProvider() : undefined;
    const identity = crypto === undefined ? generateIdentity() : identityOf(crypto.generateKeyPair());
    const network = createNetwork({ seed: 1, clock: new SystemClock(), link: {} });
    const server = createServer({
      protocol: "foreign/1",
      identity: foreignIdentity(identity),
      crypto,
      tickRate: 0,
      transport: network.createTransport({ host: "10.0.0.1", port: 1474 }),
      authenticate: ({ payload }) => ({ accept: true, data: [...payload] }),
    });
    await server.listen();
    // Another one, with this one's bytes, in its place: what is shown later on is copied from foreign bytes, too.
    server.setIdentity(foreignIdentity(identity));
    const options = { host: "10.0.0.1", port: 1474, protocol: "foreign/1", crypto };
    const [payload, serverKey] = [foreign(Uint8Array.of(1, 2, 3)), foreign(identity.publicKey)];
    const connecting = connect({ ...options, payload, serverKey, transport: network.createTransport() });
    // As `connect` says: the caller may wipe his.
    payload.fill(0);
    serverKey.fill(0);
    const client = await connecting;
    const [peer] = server.peers.values();
    expect(peer?.data).toEqual([1, 2, 3]);
    const heard = new Promise((resolve) => client.on("message", (message) => resolve([...message.payload])));
    expect(peer?.send(foreign(Uint8Array.of(4, 5)), { delivery: "reliable" }).accepted).toBe(true);
    expect(await heard).toEqual([4, 5]);
    createClient({ ...options, serverKey: foreign(identity.publicKey), transport: network.createTransport() }).close();
    await client.close();
    await server.close();
  });

  it("are told from a key that is none, as others are", () => {
    const to = { host: "127.0.0.1", port: 1, protocol: "x" };
    expect(() => createClient({ ...to, serverKey: foreign(new Uint8Array(64)) })).toThrow(
      '"serverKey" expected 65 bytes that start with 04, got 64 bytes',
    );
    const pem = foreign(new TextEncoder().encode("-----BEGIN PUBLIC KEY-----"));
    expect(() => createClient({ ...to, serverKey: pem })).toThrow('read the file as "utf8"');
    expect(() => createServer({ protocol: "x", identity: foreign(new Uint8Array(241)) as never })).toThrow(
      '"identity" expected an identity, got bytes: load the file with loadIdentity()',
    );
  });
});
