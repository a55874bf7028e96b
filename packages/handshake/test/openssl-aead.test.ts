import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CipherSuite } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { Aead } from "../src/index.js";
import { nodeAeads } from "../src/node/index.js";
import { NO_CONTEXT } from "../src/openssl/contexts.js";
import type { Koffi } from "../src/openssl/koffi.js";
import { bindLibcrypto, type Libcrypto } from "../src/openssl/libcrypto.js";
import { OpensslAes128Gcm, OpensslThread } from "../src/openssl/openssl-aead.js";
import { PacketMemory } from "../src/openssl/packet-memory.js";
import { flipped } from "./support.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const koffi = createRequire(import.meta.url)("koffi") as Koffi;
const functions = bindLibcrypto(koffi);
const memory = new PacketMemory(koffi);
const KEY = new Uint8Array(16).fill(7);
const NONCE = new Uint8Array(12).fill(1);
const HEADER_BYTES = 9;
const BODY_BYTES = 20;

function threadWith(changes: Partial<Libcrypto>, maxOwnContexts: number = 1000): OpensslThread {
  return new OpensslThread({ ...functions, ...changes }, memory, maxOwnContexts);
}

const thread = threadWith({});

function aead(): OpensslAes128Gcm {
  return new OpensslAes128Gcm(thread, KEY);
}

/** One of a thread where functions are replaced once it is set up. */
function aeadWith(changes: Partial<Libcrypto>, maxOwnContexts: number = 1000): OpensslAes128Gcm {
  const own = { ...functions };
  const aead = new OpensslAes128Gcm(new OpensslThread(own, memory, maxOwnContexts), KEY);
  Object.assign(own, changes);
  return aead;
}

function sealed(one: Aead): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + BODY_BYTES + 16).fill(5);
  one.seal(NONCE, packet, 0, HEADER_BYTES, HEADER_BYTES + BODY_BYTES);
  return packet;
}

function opened(one: Aead, packet: Uint8Array): number {
  return one.open(NONCE, packet, 0, HEADER_BYTES, packet.length, new Uint8Array(BODY_BYTES));
}

/** The stack may hold the last one used; a collector need not hurry. */
async function collected(isDone: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isDone(); i++) {
    collect();
    await sleep(5);
  }
  expect(isDone()).toBe(true);
}

/** Notes contexts made and freed; an address may come again. */
function counting(): { readonly made: number[]; readonly freed: number[]; readonly changes: Partial<Libcrypto> } {
  const [made, freed]: [number[], number[]] = [[], []];
  const changes = {
    newContext: () => {
      const context = functions.newContext();
      made.push(context);
      return context;
    },
    freeContext: (context: number) => {
      freed.push(context);
      functions.freeContext(context);
    },
  };
  return { made, freed, changes };
}

describe("OpenSSL's AES-128-GCM through koffi", () => {
  it("makes a context for each direction that is used, and frees them when it has been collected", async () => {
    const { made, freed, changes } = counting();
    const own = threadWith(changes);
    const useMany = (): void => {
      for (let i = 0; i < 50; i++) {
        const one = new OpensslAes128Gcm(own, KEY);
        expect(opened(one, sealed(one))).toBe(BODY_BYTES);
        expect(opened(one, sealed(one))).toBe(BODY_BYTES);
      }
    };
    useMany();
    expect(made).toHaveLength(2 + 100); // two that all share
    await collected(() => freed.length >= 98);
    for (const context of freed) expect(made).toContain(context);
  });

  it("keeps the contexts of those still held, whatever is collected", async () => {
    const { freed, changes } = counting();
    const held = new OpensslAes128Gcm(threadWith(changes), KEY);
    const before = sealed(held);
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < 20; k++) sealed(aead());
      collect();
      await sleep(1);
      expect(sealed(held)).toEqual(before);
      expect(opened(held, before)).toBe(BODY_BYTES);
    }
    expect(freed).toHaveLength(0);
  }, 60_000);

  it("past the limit shares two contexts, each packet under its own key", () => {
    const { made, changes } = counting();
    const own = threadWith(changes, 3);
    const keys = Array.from({ length: 6 }, (_, i) => new Uint8Array(16).fill(i));
    const aeads = keys.map((key) => new OpensslAes128Gcm(own, key));
    const packets = aeads.map((one) => sealed(one));
    expect(made).toHaveLength(2 + 3);
    keys.forEach((key, i) => {
      // What OpenSSL seals by node:crypto is the judge.
      expect(packets[i]).toEqual(sealed(nodeAeads.createAead(CipherSuite.Aes128Gcm, key)));
      aeads.forEach((one, k) => expect(opened(one, packets[i] as Uint8Array)).toBe(i === k ? BODY_BYTES : -1));
    });
    expect(made).toHaveLength(2 + 3);
  });

  it("takes a context of its own once another's has been freed", async () => {
    const { made, freed, changes } = counting();
    const own = threadWith(changes, 1);
    const use = (): void => void sealed(new OpensslAes128Gcm(own, KEY));
    use();
    const waiting = new OpensslAes128Gcm(own, KEY);
    const before = sealed(waiting);
    expect(made).toHaveLength(2 + 1);
    await collected(() => freed.length === 1);
    expect(sealed(waiting)).toEqual(before);
    expect(made).toHaveLength(2 + 2);
    expect(sealed(waiting)).toEqual(before);
    expect(own.sealing.ownFor({}, [0, 0, 0, 0])).toBe(NO_CONTEXT);
  });

  it("opens after a forged packet, and leaves nothing in OpenSSL's list of errors", () => {
    const peekError = koffi.load(null).func("ERR_peek_error", "int", []);
    const one = aead();
    const packet = sealed(one);
    for (let at = 0; at < packet.length; at++) {
      expect(opened(one, flipped(packet, at))).toBe(-1);
      expect(peekError()).toBe(0);
      expect(opened(one, packet)).toBe(BODY_BYTES);
    }
  });

  it("clears that list after a forged packet, whatever a version leaves there", () => {
    let cleared = 0;
    const packet = sealed(aead());
    expect(opened(aeadWith({ decryptFinal: () => 0, clearErrors: () => (cleared += 1) }), packet)).toBe(-1);
    expect(cleared).toBe(1);
  });

  it("overwrites the key in the memory that all share", () => {
    const at = memory.key - (memory.body - memory.bodyViews.first(0).byteOffset);
    const keyBytes = new Uint8Array(memory.bodyViews.first(0).buffer, at, KEY.length);
    for (const one of [aead(), new OpensslAes128Gcm(threadWith({}, 0), KEY)]) {
      const packet = sealed(one);
      expect([...keyBytes]).toEqual(new Array(KEY.length).fill(0));
      opened(one, packet);
      expect([...keyBytes]).toEqual(new Array(KEY.length).fill(0));
    }
  });

  it("does not set up where OpenSSL has no context, or no AES-128-GCM", () => {
    for (const name of ["newContext", "encryptInit", "decryptInit"] as const) {
      expect(() => threadWith({ [name]: () => 0 })).toThrow("OpenSSL could not prepare AES-128-GCM");
    }
  });

  const refusing = [
    ["newContext", "allocate a context", 1000],
    ["setParameters", "encrypt", 1000],
    ["encryptInit", "encrypt", 0],
    ["encryptUpdate", "encrypt", 1000],
    ["encryptFinal", "encrypt", 1000],
    ["getParameters", "encrypt", 1000],
  ] as const;
  it.each(refusing)("throws when %s refuses to seal, and leaves the packet as it was", (name, what, maxOwnContexts) => {
    const one = aeadWith({ [name]: () => 0 }, maxOwnContexts);
    const packet = new Uint8Array(HEADER_BYTES + BODY_BYTES + 16).fill(5);
    expect(() => one.seal(NONCE, packet, 0, HEADER_BYTES, HEADER_BYTES + BODY_BYTES)).toThrow(
      new Error(`OpenSSL could not ${what}`),
    );
    expect(packet.every((byte) => byte === 5)).toBe(true);
  });

  it("throws when a key is refused, and frees the context", () => {
    const { made, freed, changes } = counting();
    const encryptInit: Libcrypto["encryptInit"] = (context, cipher, key, nonce, parameters) =>
      key === 0 ? functions.encryptInit(context, cipher, key, nonce, parameters) : 0;
    const one = new OpensslAes128Gcm(threadWith({ ...changes, encryptInit }), KEY);
    expect(() => sealed(one)).toThrow("OpenSSL could not take a key");
    expect(made).toHaveLength(2 + 1);
    expect(freed).toHaveLength(1);
  });

  const refusingToOpen = [
    ["setParameters", 1000],
    ["decryptInit", 0],
    ["decryptUpdate", 1000],
  ] as const;
  it.each(refusingToOpen)("throws when %s refuses: it is no forgery", (name, maxOwnContexts) => {
    const packet = sealed(aead());
    expect(() => opened(aeadWith({ [name]: () => 0 }, maxOwnContexts), packet)).toThrow("OpenSSL could not");
  });

  it("seals nothing under a nonce that was used: where none is taken, OpenSSL refuses", () => {
    const own = { ...functions };
    const one = new OpensslAes128Gcm(new OpensslThread(own, memory, 1000), KEY);
    const ignored = (): number => 1;
    const real = own.setParameters;
    const packet = sealed(one);
    own.setParameters = ignored;
    expect(() => sealed(one)).toThrow("OpenSSL could not encrypt");
    expect(() => opened(one, packet)).toThrow("OpenSSL could not decrypt");
    own.setParameters = real;
    expect(opened(one, packet)).toBe(BODY_BYTES);
    expect(sealed(one)).toEqual(packet);
  });

  it("takes all of a nonce, each time, in a context of its own as in the common one", () => {
    const [own, common] = [aead(), new OpensslAes128Gcm(threadWith({}, 0), KEY)];
    const node = nodeAeads.createAead(CipherSuite.Aes128Gcm, KEY);
    for (let i = 0; i < 40; i++) {
      // Each of its bytes changes alone, and then all.
      const nonce = new Uint8Array(12).map((_, at) => (at === i % 13 || i % 13 === 12 ? i + 1 : 9));
      const [one, two, three] = [own, common, node].map((by) => {
        const packet = new Uint8Array(HEADER_BYTES + BODY_BYTES + 16).fill(i);
        by.seal(nonce, packet, 0, HEADER_BYTES, HEADER_BYTES + BODY_BYTES);
        return packet;
      }) as [Uint8Array, Uint8Array, Uint8Array];
      expect(one).toEqual(three);
      expect(two).toEqual(three);
      for (const by of [own, common]) {
        expect(by.open(nonce, one, 0, HEADER_BYTES, one.length, new Uint8Array(BODY_BYTES))).toBe(BODY_BYTES);
        nonce[i % 12] = (nonce[i % 12] as number) ^ 1;
        expect(by.open(nonce, one, 0, HEADER_BYTES, one.length, new Uint8Array(BODY_BYTES))).toBe(-1);
        nonce[i % 12] = (nonce[i % 12] as number) ^ 1;
      }
    }
  });

  it("does not load where a function is missing, as with BoringSSL", () => {
    const without = {
      ...koffi,
      load: () => ({
        func: (name: string) => {
          if (name === "EVP_EncryptInit_ex2") throw new Error(`Cannot find function '${name}'`);
          return () => 1;
        },
      }),
    } as unknown as Koffi;
    expect(() => bindLibcrypto(without)).toThrow("Cannot find function 'EVP_EncryptInit_ex2'");
  });
});
