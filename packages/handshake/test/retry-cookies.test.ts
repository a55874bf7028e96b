import { describe, expect, it } from "vitest";
import { MAX_RETRIES } from "../src/index.js";
import { RetryCookies } from "../src/retry-cookies.js";
import { seededBytes } from "./support.js";

function cookie(number: number): Uint8Array {
  const bytes = new Uint8Array(36);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : new DataView(bytes.buffer).getUint32(0);
}

/** Cookies that are taken until no more are: 1 to 8. */
function exhausted(randomBytes: (length: number) => Uint8Array): RetryCookies {
  const cookies = new RetryCookies({ randomBytes });
  for (let i = 1; i <= MAX_RETRIES; i++) expect(cookies.offer(cookie(i))).toBe("taken");
  return cookies;
}

const none = (): never => {
  throw new Error("no entropy");
};

describe("RetryCookies", () => {
  it("takes eight at once, newest first, without randomness", () => {
    const cookies = exhausted(none);
    expect(cookies.all.map(numberOf)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(cookies.offer(cookie(8))).toBe("duplicate-retry");
    expect(cookies.renew()).toBe(false);
    expect(numberOf(cookies.newest)).toBe(8);
    expect(cookies.offer(cookie(9))).toBe("taken");
  });

  it("keeps copies, of what comes in Buffers too", () => {
    const cookies = new RetryCookies({ randomBytes: (length) => new Uint8Array(length) });
    const reused = Buffer.alloc(36);
    for (let i = 1; i <= MAX_RETRIES + 1; i++) {
      reused.set(cookie(i));
      cookies.offer(reused);
      reused.fill(0);
    }
    expect(cookies.all.map(numberOf)).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(cookies.renew()).toBe(true);
    expect(numberOf(cookies.newest)).toBe(9);
  });

  it("keeps one that comes again once, as the newest", () => {
    const cookies = new RetryCookies({ randomBytes: none });
    for (const number of [1, 2, 3, 1]) cookies.offer(cookie(number));
    expect(cookies.all.map(numberOf)).toEqual([1, 3, 2, 0]);
  });

  it("takes one of those beyond when time has passed, each as likely, however early others came", () => {
    const randomBytes = seededBytes(22);
    const times = new Map<number, number>();
    for (let run = 0; run < 2000; run++) {
      const cookies = exhausted(randomBytes);
      for (let i = 101; i <= 110; i++) expect(cookies.offer(cookie(i))).toBe("too-many-retries");
      expect(numberOf(cookies.newest)).toBe(8);
      expect(cookies.renew()).toBe(true);
      const chosen = numberOf(cookies.newest);
      times.set(chosen, (times.get(chosen) ?? 0) + 1);
    }
    expect([...times.keys()].sort()).toEqual([101, 102, 103, 104, 105, 106, 107, 108, 109, 110]);
    for (const count of times.values()) {
      expect(count).toBeGreaterThan(140);
      expect(count).toBeLessThan(260);
    }
  });

  it("counts that one among the next eight", () => {
    const cookies = exhausted(seededBytes(1));
    cookies.offer(cookie(100));
    cookies.renew();
    const outcomes = Array.from({ length: MAX_RETRIES }, (_, i) => cookies.offer(cookie(200 + i)));
    expect(outcomes).toEqual([...new Array<string>(MAX_RETRIES - 1).fill("taken"), "too-many-retries"]);
  });

  it("keeps no array of the caller's", () => {
    const bytes = cookie(7);
    const cookies = new RetryCookies({ randomBytes: seededBytes(1) });
    cookies.offer(bytes);
    bytes.fill(0xff);
    expect(numberOf(cookies.newest)).toBe(7);
  });
});
