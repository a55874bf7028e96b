import { beforeAll, describe, expect, it } from "vitest";
import { createTokenIssuer, type TokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey } from "../src/token-keys.js";
import { createTokenVerifier } from "../src/token-verifier.js";

const TO = { audience: "eu-1", protocol: "arena/1" };

let issuer: TokenIssuer;
beforeAll(async () => {
  issuer = await createTokenIssuer({ keys: [await generateTokenKey()] });
});

const circle: { team?: object } = {};
circle.team = circle;

class Player {
  readonly name = "Ann";
  greet(): string {
    return this.name;
  }
}

class Coach {
  readonly name = "Bob";
  toJSON(): string {
    return "coach";
  }
}

describe("data of a token", () => {
  it.each<[string, unknown, string]>([
    ["a promise", Promise.resolve({ team: 1 }), "a promise"],
    ["a promise within", { team: Promise.resolve(1) }, 'a promise as "team"'],
    ["a Map", new Map([["team", 1]]), "a Map"],
    ["a Set in a list", { friends: [new Set(["bob"])] }, 'a Set as "0"'],
    ["a function", () => ({ team: 1 }), "a function"],
    ["a function within", { greet: () => "hello" }, 'a function as "greet"'],
    ["a symbol", Symbol("team"), "a symbol"],
    ["a BigInt", 5n, "a bigint"],
    ["a BigInt within", { score: 5n }, 'a bigint as "score"'],
    ["what gives no JSON", { toJSON: () => undefined }, "an object that gives none"],
    ["a circle", circle, "an object that gives none (Converting circular structure to JSON)"],
    [
      "what throws",
      {
        toJSON: (): never => {
          throw new Error("not loaded");
        },
      },
      "an object that gives none (not loaded)",
    ],
  ])("is not %s: the server would see less, or nothing", async (_, data, got) => {
    const issued = issuer.issue({ ...TO, subject: "ann", data });
    await expect(issued).rejects.toThrow(new TypeError(`"data" expected JSON, got ${got}`));
  });

  it("is no promise that rejects, which ends no process", async () => {
    const data = Promise.reject(new Error("no such player"));
    await expect(issuer.issue({ ...TO, subject: "ann", data: { data } })).rejects.toThrow('got a promise as "data"');
    // Node tells of a rejection that nobody takes after the promises' turn, and the run fails.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it.each<[unknown, unknown]>([
    [undefined, undefined],
    [null, null],
    [0, 0],
    ["red", "red"],
    [
      ["", { "": 1 }],
      ["", { "": 1 }],
    ],
    [{ team: 1, rank: undefined }, { team: 1 }],
    [new Player(), { name: "Ann" }],
    [{ toJSON: () => ({ team: 2 }) }, { team: 2 }],
    [new Coach(), "coach"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
  ])("may be %j, and comes as JSON has it", async (data, seen) => {
    const token = await issuer.issue({ ...TO, subject: "ann", data });
    const verifier = createTokenVerifier({ ...TO, keys: issuer.keySet() });
    const verdict = await verifier.verify(new TextEncoder().encode(token));
    expect(verdict.ok && verdict.claims.data).toEqual(seen);
  });
});
