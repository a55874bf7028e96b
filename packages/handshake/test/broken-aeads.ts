import type { Aead } from "../src/index.js";

type Create = (key: Uint8Array) => Aead;
type Seal = Parameters<Aead["seal"]>;
type Open = Parameters<Aead["open"]>;

const TAG_BYTES = 16;

/** An object with the methods of another one, to replace some. */
export function bound(aead: Aead): Aead {
  return {
    seal: (...args) => aead.seal(...args),
    open: (...args) => aead.open(...args),
  };
}

/** Encrypts nothing, and is content with it. */
export const PLAIN: Aead = {
  seal: () => undefined,
  open: (_nonce, bytes, _headerStart, bodyStart, end, out) => {
    out.set(bytes.subarray(bodyStart, end - TAG_BYTES));
    return end - TAG_BYTES - bodyStart;
  },
};

/** Of each AEAD by itself. */
function each(change: (good: Aead) => Partial<Aead>): (create: Create) => Create {
  return (create) => (key) => {
    const good = create(key);
    return { ...bound(good), ...change(good) };
  };
}

/** Another nonce in the place of what comes. */
function withNonce(makeChange: () => (nonce: Uint8Array) => Uint8Array): (create: Create) => Create {
  return each((good) => {
    const change = makeChange();
    return {
      seal: (nonce, ...args) => good.seal(change(nonce), ...args),
      open: (nonce, ...args) => good.open(change(nonce), ...args),
    };
  });
}

/** Only some bytes of the nonce count, the others stay as they were in the first. */
function withNonceBytes(counts: (at: number) => boolean): (create: Create) => Create {
  return withNonce(() => {
    let first: Uint8Array | undefined;
    return (nonce) => {
      const kept = (first ??= Uint8Array.from(nonce));
      return kept.map((byte, at) => (counts(at) ? (nonce[at] as number) : byte));
    };
  });
}

/** Takes a tag for right whose bytes are so; `differences` has 0 where they are right. */
function comparing(isRight: (differences: Uint8Array) => boolean, from = 0): (create: Create) => Create {
  return each((good) => ({
    open: (...args: Open) => {
      const [nonce, bytes, headerStart, bodyStart, end, out] = args;
      const opened = good.open(...args);
      const bodyEnd = end - TAG_BYTES;
      if (opened >= 0 || bodyEnd - bodyStart < from) return opened;
      // Encrypting what is encrypted decrypts it: both suites are stream ciphers.
      const packet = Uint8Array.from(bytes);
      good.seal(nonce, packet, headerStart, bodyStart, bodyEnd);
      const plaintext = packet.slice(bodyStart, bodyEnd);
      good.seal(nonce, packet, headerStart, bodyStart, bodyEnd);
      const tag = packet.subarray(bodyEnd, end);
      if (!isRight(tag.map((byte, i) => byte ^ (bytes[bodyEnd + i] as number)))) return -1;
      out.set(plaintext);
      return plaintext.length;
    },
  }));
}

/** Bodies of these sizes stay as they are. */
function inTheClear(isClear: (bodyBytes: number) => boolean): (create: Create) => Create {
  return each((good) => ({
    seal: (...args: Seal) => (isClear(args[4] - args[3]) ? undefined : good.seal(...args)),
    open: (...args: Open) => (isClear(args[4] - args[3] - TAG_BYTES) ? PLAIN.open(...args) : good.open(...args)),
  }));
}

/** One AEAD for all keys that are the same in this. */
function memoised(part: (key: Uint8Array) => string): (create: Create) => Create {
  return (create) => {
    const made = new Map<string, Aead>();
    return (key) => {
      const aead = made.get(part(key)) ?? create(key);
      made.set(part(key), aead);
      return aead;
    };
  };
}

/** All AEADs use the key that came last. */
function lastKey(create: Create): Create {
  let last: Aead | undefined;
  return (key) => {
    last = create(key);
    return {
      seal: (...args) => (last as Aead).seal(...args),
      open: (...args) => (last as Aead).open(...args),
    };
  };
}

/** Seals as a broken one, and opens well what is sealed well. */
function sealingAs(breakIt: (create: Create) => Create): (create: Create) => Create {
  return (create) => {
    const createBroken = breakIt(create);
    return (key) => ({ ...bound(create(key)), seal: bound(createBroken(key)).seal });
  };
}

/** What is done besides when a tag is wrong. */
function onRefusal(spoil: (...args: Open) => void, answer?: (...args: Open) => number): (create: Create) => Create {
  return each((good) => ({
    open: (...args: Open) => {
      const opened = good.open(...args);
      if (opened >= 0) return opened;
      spoil(...args);
      return answer?.(...args) ?? opened;
    },
  }));
}

const nothing = (): void => undefined;
const joined = (bytes: Uint8Array): string => bytes.join();

/**
 * How AEADs can be broken, by the function that makes good ones, and what is said of it: of the published vector, or
 * "at ...", of packets after it.
 */
export const BROKEN: readonly (readonly [string, (create: Create) => Create, string])[] = [
  ["does nothing", each(() => ({ seal: nothing, open: () => -1 })), "it seals wrong"],
  ["encrypts nothing, and is content with it", () => () => PLAIN, "it seals wrong"],
  ["opens everything", onRefusal(nothing, (...args) => args[4] - args[3] - TAG_BYTES), "it opens what was changed"],
  ["never opens", each(() => ({ open: () => -1 })), "it does not open what it sealed"],
  [
    "throws for a wrong tag",
    onRefusal(() => {
      throw new Error("wrong tag");
    }),
    "open threw: wrong tag",
  ],
  ["leaves large packets alone", inTheClear((bytes) => bytes > 500), "at 1427 bytes: it seals wrong"],
  ["leaves packets of a middle size alone", inTheClear((n) => n > 200 && n < 1000), "at 256 bytes: it seals wrong"],
  ["leaves packets of 270 to 350 bytes alone", inTheClear((n) => n >= 270 && n < 350), "at 320 bytes: it seals wrong"],
  ["is the same for all keys", memoised(() => ""), "it opens with another key"],
  ["is the same for keys that begin so", memoised((key) => joined(key.subarray(0, 8))), "it opens with another key"],
  ["is the same for keys that end so", memoised((key) => joined(key.subarray(8))), "at 16 bytes: it seals wrong"],
  ["seals the same for all keys", sealingAs(memoised(() => "")), "at 1427 bytes: it seals wrong"],
  ["seals with its first nonce", sealingAs(withNonceBytes(() => false)), "at 1 bytes: it seals wrong"],
  ["uses the key that was made last", lastKey, "it seals wrong"],
  ["keeps its first nonce", withNonceBytes(() => false), "it opens with another nonce"],
  ["looks at byte 0 of a nonce alone", withNonceBytes((at) => at === 0), "it opens with another nonce"],
  ["looks at the counter of a nonce alone", withNonceBytes((at) => at >= 4), "at 1 bytes: it seals wrong"],
  ["looks at the lower half of the counter", withNonceBytes((at) => at < 4 || at > 7), "at 1 bytes: it seals wrong"],
  ["ignores the last byte of a nonce", withNonceBytes((at) => at < 11), "it opens with another nonce"],
  [
    "takes a bit of a nonce for set",
    withNonce(() => (nonce) => nonce.map((b, i) => (i === 4 ? b | 0x40 : b))),
    "at 1 bytes: it seals wrong",
  ],
  [
    "remembers a nonce by its array",
    withNonce(() => {
      const known = new WeakMap<Uint8Array, Uint8Array>();
      return (nonce) => {
        const copy = known.get(nonce) ?? Uint8Array.from(nonce);
        known.set(nonce, copy);
        return copy;
      };
    }),
    "it opens with another nonce",
  ],
  ["compares the last byte of a tag", comparing((tag) => tag[15] === 0), "it opens what was changed"],
  [
    "compares 12 bytes of a tag",
    comparing((tag) => tag.subarray(0, 12).every((d) => d === 0)),
    "it opens what was changed",
  ],
  ["lets differences cancel out", comparing((tag) => tag.reduce((a, b) => a ^ b) === 0), "it opens what was changed"],
  ["wants one right byte of a tag", comparing((tag) => tag.includes(0)), "it opens what was changed"],
  ["ignores the tags of large packets", comparing(() => true, 1000), "at 1427 bytes: it opens what was changed"],
  [
    "takes headers from the start, sealing",
    each((good) => ({ seal: (nonce, bytes, _start, ...args) => good.seal(nonce, bytes, 0, ...args) })),
    "at 1 bytes: it seals wrong",
  ],
  [
    "takes headers from the start, opening",
    each((good) => ({ open: (nonce, bytes, _start, ...args) => good.open(nonce, bytes, 0, ...args) })),
    "at 1 bytes: it does not open what it sealed",
  ],
  [
    "works on the memory instead of the view",
    each((good) => ({
      seal: (nonce, bytes, ...args) => good.seal(nonce, new Uint8Array(bytes.buffer), ...args),
      open: (nonce, bytes, ...args) => good.open(nonce, new Uint8Array(bytes.buffer), ...args),
    })),
    "at 1 bytes: it seals wrong",
  ],
  [
    "opens to the memory instead of the view",
    each((good) => ({
      open: (nonce, bytes, header, body, end, out) =>
        good.open(nonce, bytes, header, body, end, new Uint8Array(out.buffer)),
    })),
    "it does not open in place",
  ],
  [
    "writes to `out` for a wrong tag",
    onRefusal((_nonce, _bytes, _header, body, end, out) => out.fill(1, 0, end - TAG_BYTES - body)),
    'it writes to "out" for a wrong tag',
  ],
  [
    "wipes what it refuses",
    onRefusal((_nonce, bytes, _header, body, end) => bytes.fill(0, body, end)),
    "it changes what it refuses",
  ],
  [
    "fills all of `out`",
    each((good) => ({ open: (...args) => (args[5].fill(0), good.open(...args)) })),
    'it writes to "out" beyond the plaintext',
  ],
  [
    "decrypts what it is given",
    each((good) => ({
      open: (...args) => {
        const opened = good.open(...args);
        if (opened >= 0) args[1].fill(0, args[3], args[3] + opened);
        return opened;
      },
    })),
    "it changes what it opens",
  ],
  [
    "writes behind the tag",
    each((good) => ({ seal: (...args) => (good.seal(...args), args[1].fill(0, args[4] + TAG_BYTES)) })),
    "it changes more than body and tag",
  ],
  [
    "cannot open in place",
    each((good) => ({
      open: (...args) => {
        const [, bytes, , body, end, out] = args;
        if (out.buffer !== bytes.buffer) return good.open(...args);
        const before = bytes.slice(body, end);
        const opened = good.open(...args);
        if (opened > 0) out.set(before.subarray(0, 1));
        return opened;
      },
    })),
    "it does not open in place",
  ],
];
