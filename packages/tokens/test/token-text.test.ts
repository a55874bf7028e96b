import { expect, it } from "vitest";
import {
  createTokenIssuer,
  createTokenVerifier,
  generateTokenKey,
  type TokenKeySet,
  type TokenPrivateKey,
} from "../src/index.js";

const PLACE = { audience: "eu-1", protocol: "arena/1" };

/** The verdicts on what is made of a good token each, as codes, and how often the keys were asked for. */
async function judge(spell: (token: string) => string): Promise<[code: string, asked: number]> {
  const keys: TokenPrivateKey[] = [await generateTokenKey()];
  const issuer = await createTokenIssuer({ keys });
  let asked = 0;
  const load = (): Promise<TokenKeySet> => {
    asked += 1;
    return Promise.resolve(issuer.keySet());
  };
  const verifier = createTokenVerifier({ ...PLACE, keys: load });
  const token = spell(await issuer.issue({ ...PLACE, subject: "ann" }));
  const verdict = await verifier.verify(new TextEncoder().encode(token));
  return [verdict.ok ? "ok" : verdict.code, asked];
}

/** Of base64url: one that differs in the last of its six bits. */
function beside(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 1);
}

it("a token is taken as it was issued", async () => {
  expect(await judge((token) => token)).toEqual(["ok", 1]);
});

it.each<[what: string, spell: (token: string) => string]>([
  ["a line break after it", (token) => `${token}\n`],
  ["a space before it", (token) => ` ${token}`],
  ["a byte order mark before it", (token) => `\ufeff${token}`],
  ["a space in its signature", (token) => `${token.slice(0, -9)} ${token.slice(-9)}`],
  ["another last character of the same signature", (token) => `${token.slice(0, -1)}${beside(token.at(-1) as string)}`],
  ["padding", (token) => `${token}==`],
  ["a line break before the secret", (token) => `${token}\n~secret`],
  ["no signature", (token) => token.slice(0, token.lastIndexOf(".") + 1)],
  ["a fourth part", (token) => `${token}.a`],
])("one with %s is malformed, before anybody is asked for keys", async (_, spell) => {
  expect(await judge(spell)).toEqual(["malformed", 0]);
});
