import { containRejection } from "./contain-rejection.js";
import type { Aead } from "./crypto-provider.js";
import { describeKind } from "./describe-kind.js";

/**
 * Throws TypeError for what has no `seal` and `open`, as `createAead` may give.
 * @param subject whose it is, for the message; so below
 */
export function expectAead(subject: string, aead: unknown): Aead {
  const { seal, open } = (aead ?? {}) as { readonly [Method in keyof Aead]?: unknown };
  if (typeof seal === "function" && typeof open === "function") return aead as Aead;
  containRejection(aead);
  const kind = describeKind(aead);
  const got = kind === "an object" ? "an object without them" : kind;
  throw new TypeError(`"createAead" of ${subject} expected to give an object with seal and open, got ${got}`);
}

/**
 * `seal` gave something: TypeError for a promise. It has not sealed anything yet, and what it was given would go out as
 * it is; void of a type lets a promise pass.
 */
export function expectSynchronous(subject: string, method: keyof Aead, answer: unknown): void {
  if (typeof answer !== "object" || describeKind(answer) !== "a promise") return;
  containRejection(answer);
  throw new TypeError(`"${method}" of ${subject} expected to be synchronous, got a promise`);
}

/** What `open` gave: the length of the plaintext, or below 0 for a wrong tag. Throws TypeError for anything else. */
export function expectOpened(subject: string, opened: unknown, bodyBytes: number): number {
  if (opened === bodyBytes || (typeof opened === "number" && opened < 0)) return opened;
  expectSynchronous(subject, "open", opened);
  const got = typeof opened === "number" ? String(opened) : describeKind(opened);
  throw new TypeError(`"open" of ${subject} expected to give ${bodyBytes} or -1, got ${got}`);
}
