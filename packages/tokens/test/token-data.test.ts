import { runInNewContext } from "node:vm";
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

/** What it has, it does not show. */
class Secretive {
  #name = "Cy";
  greet(): string {
    return this.#name;
  }
}

class Team extends Map<string, number> {
  readonly name = "red";
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
    ["no number", NaN, "NaN"],
    ["no number within", { score: 0 / 0 }, 'NaN as "score"'],
    ["an endless number within", { scores: [1, -Infinity] }, '-Infinity as "1"'],
    ["no number in an object", { score: Object(Infinity) as unknown }, 'Infinity as "score"'],
    ["a RegExp", { name: /ann/ }, 'a RegExp as "name"'],
    ["an Error", { why: new RangeError("no") }, 'an Error as "why"'],
    ["an Error with properties", Object.assign(new Error("no"), { code: "E1" }), "an Error"],
    ["a WeakMap", new WeakMap(), "a WeakMap"],
    ["an ArrayBuffer", { bytes: new ArrayBuffer(2) }, 'an ArrayBuffer as "bytes"'],
    ["a DataView", new DataView(new ArrayBuffer(2)), "a DataView"],
    ["bytes", { bytes: Uint8Array.of(1, 2) }, '2 bytes as "bytes"'],
    ["an iterator", { friends: new Map([["bob", 1]]).keys() }, 'a Map Iterator as "friends"'],
    ["an iterator of a list", [1, 2].values(), "an Array Iterator"],
    ["a list of parameters", new URLSearchParams("a=1"), "a URLSearchParams"],
    ["a Map with a name", new Team(), "a Map"],
    ["a Map of another realm", runInNewContext("new Map([[1, 2]])"), "a Map"],
    [
      "an object that shows nothing",
      { player: new Secretive() },
      'an object of a class, without properties as "player"',
    ],
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
    [{}, {}],
    [Object.create(null), {}],
    [runInNewContext("({ team: { rank: 1 }, none: {}, list: [] })"), { team: { rank: 1 }, none: {}, list: [] }],
    [
      [Object(5), Object("red"), Object(false)],
      [5, "red", false],
    ],
    // As JSON has it: libraries keep their own notes so.
    [{ team: 1, [Symbol("note")]: 2 }, { team: 1 }],
    [Object.assign(new Player(), { [Symbol("kind")]: 1 }), { name: "Ann" }],
    [Buffer.of(1, 2), { type: "Buffer", data: [1, 2] }],
    [new URL("https://example.org/a"), "https://example.org/a"],
  ])("may be %j, and comes as JSON has it", async (data, seen) => {
    const token = await issuer.issue({ ...TO, subject: "ann", data });
    const verifier = createTokenVerifier({ ...TO, keys: issuer.keySet() });
    const verdict = await verifier.verify(new TextEncoder().encode(token));
    expect(verdict.ok && verdict.claims.data).toEqual(seen);
  });
});

describe("the payload of a token", () => {
  it("is read at the call, of another realm too: the caller may wipe it", async () => {
    const token = new TextEncoder().encode(await issuer.issue({ ...TO, subject: "ann" }));
    for (const payload of [token.slice(), runInNewContext("Uint8Array.from(bytes)", { bytes: [...token] })]) {
      const verdict = createTokenVerifier({ ...TO, keys: issuer.keySet() }).verify(payload as Uint8Array);
      (payload as Uint8Array).fill(0);
      expect(await verdict).toMatchObject({ ok: true, claims: { subject: "ann" } });
    }
  });
});
