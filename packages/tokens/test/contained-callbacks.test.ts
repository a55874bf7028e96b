import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  createTokenAuthenticator,
  type RefusedToken,
  type TokenAuthenticatorOptions,
} from "../src/token-authenticator.js";
import { createTokenIssuer, type TokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey } from "../src/token-keys.js";
import { createTokenVerifier } from "../src/token-verifier.js";
import type { TokenVerifierOptions } from "../src/verifier-options.js";

type Request = RefusedToken["request"];

const REFUSAL = { accept: false, reason: "malformed: the token is malformed" };

let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k1" })] });
});

afterEach(() => void vi.restoreAllMocks());

function verifierOptions(): TokenVerifierOptions {
  return { keys: issuer.keySet(), protocol: "arena/1", audience: "eu-1" };
}

function requestWith(payload: string): Request {
  return { payload: new TextEncoder().encode(payload) } as unknown as Request;
}

/** Lets rejections that nobody took be told: the test runner fails for one. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const FAILURES: readonly [string, () => void][] = [
  [
    "throws",
    () => {
      throw new Error("the audit log is down");
    },
  ],
  ["rejects", () => Promise.reject(new Error("the audit log is down")) as unknown as void],
];

describe("an onRefused of the application that fails", () => {
  it.each(FAILURES)("and %s: the client is refused, and onError hears of it", async (_, onRefused) => {
    const errors: string[] = [];
    const onError = (error: unknown): void => void errors.push(String(error));
    const options = { ...verifierOptions(), onError };
    for (const authenticate of [
      createTokenAuthenticator({ ...options, onRefused }),
      createTokenAuthenticator({ verifier: createTokenVerifier(options), onRefused }),
    ]) {
      expect(await authenticate(requestWith("garbage"))).toEqual(REFUSAL);
      await settle();
    }
    expect(errors).toEqual(new Array(2).fill("Error: the audit log is down"));
  });

  it.each(FAILURES)("and %s, without an onError or with one that does the same: a process warning", async (_, fail) => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    for (const more of [{}, { onError: fail }]) {
      const authenticate = createTokenAuthenticator({ ...verifierOptions(), ...more, onRefused: fail });
      expect(await authenticate(requestWith("garbage"))).toEqual(REFUSAL);
      await settle();
    }
    const warning = ["connect tokens: the audit log is down", { code: "SORTIE_TOKENS" }];
    expect(warn.mock.calls).toEqual([warning, warning]);
  });
});

describe("an onError of the application that fails", () => {
  it.each(FAILURES)("and %s: there is a verdict, and a process warning tells of the keys", async (_, onError) => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const keys = (): Promise<never> => Promise.reject(new Error("no route to backend"));
    const verifier = createTokenVerifier({ ...verifierOptions(), keys, onError });
    const token = await issuer.issue({ subject: "ann", audience: "eu-1", protocol: "arena/1" });
    expect(await verifier.verify(new TextEncoder().encode(token))).toMatchObject({ code: "unknown-key" });
    await settle();
    const warning = ["token keys could not be loaded: no route to backend", { code: "SORTIE_TOKEN_KEYS" }];
    expect(warn.mock.calls).toEqual([warning]);
  });
});

describe("options of an authenticator", () => {
  it("take a verifier that is undefined for none", async () => {
    const options = { ...verifierOptions(), verifier: undefined } as unknown as TokenAuthenticatorOptions<unknown>;
    expect(await createTokenAuthenticator(options)(requestWith("garbage"))).toEqual(REFUSAL);
  });

  it.each<[string, unknown, RegExp]>([
    ["no object", null, /"options" expected an object, got null/],
    ["a verifier that is none", { verifier: {} }, /"verifier" expected what createTokenVerifier\(\) gives, got object/],
    ["null for a verifier", { verifier: null }, /"verifier" expected what createTokenVerifier\(\) gives, got null/],
    ["null for onRefused", { onRefused: null }, /"onRefused" expected a function, got null/],
    ["a misspelt option of its own", { onrefused: () => {} }, /"options" expected "onRefused", got "onrefused"/],
    ["a misspelt option of a verifier", { Issuer: "x" }, /"options" expected "issuer", got "Issuer"/],
    ["an option that there is not", { isuer: "x" }, /expected only keys, .*verifier, data, onRefused, got "isuer"/],
    [
      "an option of a verifier beside one",
      { verifier: { verify: () => {} }, requireChallenge: true },
      /"\w+" expected to be an option of the "verifier" that was given, got it beside that one/,
    ],
  ])("are refused with %s", (_, options, message) => {
    const all = options === null ? options : { ...verifierOptions(), ...(options as object) };
    expect(() => createTokenAuthenticator(all as never)).toThrow(message);
  });
});
