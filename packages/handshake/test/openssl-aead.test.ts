import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Koffi } from "../src/openssl/koffi.js";
import { bindLibcrypto, type Libcrypto } from "../src/openssl/libcrypto.js";
import { OpensslAes128Gcm } from "../src/openssl/openssl-aead.js";
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

function aeadWith(changes: Partial<Libcrypto>): OpensslAes128Gcm {
  return new OpensslAes128Gcm({ ...functions, ...changes }, memory, KEY);
}

function sealed(aead: OpensslAes128Gcm): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + BODY_BYTES + 16).fill(5);
  aead.seal(NONCE, packet, 0, HEADER_BYTES, HEADER_BYTES + BODY_BYTES);
  return packet;
}

function opened(aead: OpensslAes128Gcm, packet: Uint8Array): number {
  return aead.open(NONCE, packet, 0, HEADER_BYTES, packet.length, new Uint8Array(BODY_BYTES));
}

/** Counts contexts made and freed. */
function counting(): { readonly made: Set<number>; readonly freed: Set<number>; readonly changes: Partial<Libcrypto> } {
  const [made, freed] = [new Set<number>(), new Set<number>()];
  const changes = {
    newContext: () => {
      const context = functions.newContext();
      made.add(context);
      return context;
    },
    freeContext: (context: number) => {
      freed.add(context);
      functions.freeContext(context);
    },
  };
  return { made, freed, changes };
}

describe("OpenSSL's AES-128-GCM through koffi", () => {
  it("makes a context for each direction that is used, and frees them when it has been collected", async () => {
    const { made, freed, changes } = counting();
    const useMany = (): void => {
      for (let i = 0; i < 50; i++) {
        const aead = aeadWith(changes);
        expect(opened(aead, sealed(aead))).toBe(BODY_BYTES);
        expect(opened(aead, sealed(aead))).toBe(BODY_BYTES);
      }
    };
    useMany();
    expect(made.size).toBe(100);
    // The stack may hold the last one; a collector need not hurry.
    for (let i = 0; i < 100 && freed.size < 98; i++) {
      collect();
      await sleep(5);
    }
    expect(freed.size).toBeGreaterThanOrEqual(98);
    for (const context of freed) expect(made).toContain(context);
  });

  it("keeps the contexts of those still held, whatever is collected", async () => {
    const { freed, changes } = counting();
    const aead = aeadWith(changes);
    const before = sealed(aead);
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < 20; k++) sealed(aeadWith({}));
      collect();
      await sleep(1);
      expect(sealed(aead)).toEqual(before);
      expect(opened(aead, before)).toBe(BODY_BYTES);
    }
    expect(freed.size).toBe(0);
  });

  it("opens after a forged packet, and leaves nothing in OpenSSL's list of errors", () => {
    const peekError = koffi.load(null).func("ERR_peek_error", "int", []);
    const aead = aeadWith({});
    const packet = sealed(aead);
    for (let at = 0; at < packet.length; at++) {
      expect(opened(aead, flipped(packet, at))).toBe(-1);
      expect(peekError()).toBe(0);
      expect(opened(aead, packet)).toBe(BODY_BYTES);
    }
  });

  it("overwrites the key in the memory that all share", () => {
    const at = memory.key - (memory.body - memory.bodyViews.first(0).byteOffset);
    const keyBytes = new Uint8Array(memory.bodyViews.first(0).buffer, at, KEY.length);
    sealed(aeadWith({}));
    expect([...keyBytes]).toEqual(new Array(KEY.length).fill(0));
  });

  const refusing = [
    ["newContext", "allocate a context"],
    ["encryptInit", "take a key"],
    ["encryptUpdate", "encrypt"],
    ["encryptFinal", "encrypt"],
    ["getParameters", "encrypt"],
  ] as const;
  it.each(refusing)("throws when %s refuses to seal, and leaves the packet as it was", (name, what) => {
    const aead = aeadWith({ [name]: () => 0 });
    const packet = new Uint8Array(HEADER_BYTES + BODY_BYTES + 16).fill(5);
    expect(() => aead.seal(NONCE, packet, 0, HEADER_BYTES, HEADER_BYTES + BODY_BYTES)).toThrow(
      new Error(`OpenSSL could not ${what}`),
    );
    expect(packet.every((byte) => byte === 5)).toBe(true);
  });

  it.each(["decryptInit", "decryptUpdate"] as const)("throws when %s refuses: it is no forgery", (name) => {
    const packet = sealed(aeadWith({}));
    expect(() => opened(aeadWith({ [name]: () => 0 }), packet)).toThrow("OpenSSL could not");
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
