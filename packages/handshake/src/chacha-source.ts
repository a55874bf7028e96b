import { CipherSuite, TAG_BYTES } from "@sortie/wire";
import type { AeadCost, AeadSource } from "./aead-source.js";
import { expectSuiteKey } from "./crypto-arguments.js";
import type { Aead } from "./crypto-provider.js";

/** A source that has ChaCha20-Poly1305 alone. Throws Error when `create` gives one that does not pass the self-test. */
export function chachaSource(name: string, cost: AeadCost, create: (key: Uint8Array) => Aead): AeadSource {
  selfTest(name, create);
  return Object.freeze({
    name,
    costs: new Map([[CipherSuite.ChaCha20Poly1305, cost]]),
    createAead(suite: CipherSuite, key: Uint8Array): Aead {
      expectSuiteKey(suite, key);
      if (suite !== CipherSuite.ChaCha20Poly1305) {
        throw new RangeError(`"suite" expected ${CipherSuite.ChaCha20Poly1305} for ${name}, got ${suite}`);
      }
      return create(key);
    },
  });
}

/** RFC 8439 section 2.8.2: associated data, plaintext, then what comes out. */
const KEY_START = 0x80;
const NONCE: Uint8Array = /* @__PURE__ */ Uint8Array.of(7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47);
const HEADER = "50515253c0c1c2c3c4c5c6c7";
const PLAINTEXT =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
const SEALED =
  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
  "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
  "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691";

/**
 * The vector of the RFC, both ways and with a damaged tag: a library whose calls changed in an update, or that does not
 * work on this machine, must not get near a packet.
 */
function selfTest(name: string, create: (key: Uint8Array) => Aead): void {
  const key = Uint8Array.from({ length: 32 }, (_, i) => KEY_START + i);
  const header = bytesOfHex(HEADER);
  const sealed = bytesOfHex(SEALED);
  const bodyEnd = header.length + PLAINTEXT.length;
  const packet = new Uint8Array(bodyEnd + TAG_BYTES);
  packet.set(header);
  for (let i = 0; i < PLAINTEXT.length; i++) packet[header.length + i] = PLAINTEXT.charCodeAt(i);
  const plaintext = packet.slice(header.length, bodyEnd);
  const aead = create(key);
  aead.seal(NONCE, packet, 0, header.length, bodyEnd);
  const sealsRight = equal(packet.subarray(header.length), sealed);
  const out = new Uint8Array(PLAINTEXT.length);
  const opensRight =
    aead.open(NONCE, packet, 0, header.length, packet.length, out) === out.length && equal(out, plaintext);
  packet[packet.length - 1] = (packet[packet.length - 1] as number) ^ 1;
  const refuses = aead.open(NONCE, packet, 0, header.length, packet.length, out) === -1;
  if (!sealsRight || !opensRight || !refuses) throw new Error(`${name} fails the vector of RFC 8439 section 2.8.2`);
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
