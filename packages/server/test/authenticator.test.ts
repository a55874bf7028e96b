import { SocketAddress } from "@sortie/transport";
import { CloseCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AuthenticateCall } from "../src/authenticate-call.js";
import { authenticateClient, type Decision } from "../src/authenticator.js";
import type { Authenticate } from "../src/peer-data.js";

const { request: REQUEST } = new AuthenticateCall(
  Uint8Array.of(1),
  SocketAddress.parse("192.0.2.1", 5),
  "0".repeat(32),
);

/** All decisions that come of an answer, once every promise had its turn. */
async function decisions(authenticate: unknown): Promise<Decision<unknown>[]> {
  const made: Decision<unknown>[] = [];
  authenticateClient(authenticate as Authenticate<unknown>, REQUEST, (decision) => made.push(decision));
  await new Promise((resolve) => setImmediate(resolve));
  return made;
}

function failure([decision]: Decision<unknown>[]): string {
  return decision?.kind === "failed" ? (decision.error as Error).message : "no failure";
}

describe("authenticateClient", () => {
  it("lets everybody in without a hook, at once", () => {
    const made: Decision<unknown>[] = [];
    authenticateClient(undefined, REQUEST, (decision) => made.push(decision));
    expect(made).toEqual([{ kind: "accept", data: undefined }]);
  });

  it("takes an answer at once, and asks with the request", () => {
    const made: Decision<string>[] = [];
    authenticateClient<string>(
      (request) => ({ accept: true, data: request.sessionId }),
      REQUEST,
      (decision) => made.push(decision),
    );
    expect(made).toEqual([{ kind: "accept", data: REQUEST.sessionId }]);
  });

  it("takes an answer later", async () => {
    expect(await decisions(async () => ({ accept: true, data: 5 }))).toEqual([{ kind: "accept", data: 5 }]);
    const refused = [{ kind: "refuse", code: CloseCode.Refused, reason: "bad token" }];
    expect(await decisions(async () => ({ accept: false, reason: "bad token" }))).toEqual(refused);
    expect(await decisions(() => ({ accept: false }))).toEqual([{ ...refused[0], reason: "refused" }]);
  });

  it("takes a refusal for what its code says", async () => {
    const full = { accept: false, code: "server-full" };
    const decision = { kind: "refuse", code: CloseCode.ServerFull, reason: "the server is full" };
    expect(await decisions(() => full)).toEqual([decision]);
    expect(await decisions(async () => ({ ...full, reason: "16 of 16" }))).toEqual([
      { ...decision, reason: "16 of 16" },
    ]);
    for (const code of ["refused", undefined]) {
      expect(await decisions(() => ({ accept: false, code }))).toMatchObject([{ code: CloseCode.Refused }]);
    }
  });

  it("reports what is thrown, at once or later", async () => {
    const bug = (): never => {
      throw new Error("database down");
    };
    expect(failure(await decisions(bug))).toBe("database down");
    expect(failure(await decisions(async () => bug()))).toBe("database down");
    expect(await decisions(() => Promise.reject(undefined))).toEqual([{ kind: "failed", error: undefined }]);
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [true, "boolean"],
    ["yes", "string"],
    [Symbol("yes"), "symbol"],
    [{}, '"accept" of type undefined'],
    [Object.create(null), '"accept" of type undefined'],
    [{ accept: 1 }, '"accept" of type number'],
    [{ accept: "true" }, '"accept" of type string'],
    [[true], "an array"],
    [Object.assign([1], { accept: true }), "an array"],
    [{ accept: false, reason: 5 }, '"reason" of type number'],
    [{ accept: false, reason: Object.create(null) }, '"reason" of type object'],
    [{ accept: false, code: "full" }, '"code" "full", which is neither "refused" nor "server-full"'],
    [{ accept: false, code: "toString" }, '"code" "toString", which is neither "refused" nor "server-full"'],
    [{ accept: false, code: 3 }, '"code" 3, which is neither "refused" nor "server-full"'],
    [{ accept: false, code: null }, '"code" null, which is neither "refused" nor "server-full"'],
    [{ accept: false, code: Object.create(null) }, '"code" an object, which is neither "refused" nor "server-full"'],
  ])("lets nobody in for the answer %s, and says what came", async (answer, got) => {
    const message = `"authenticate" expected { accept: true, data? } or { accept: false, reason?, code? }, got ${got}`;
    const now = await decisions(() => answer);
    expect(now).toHaveLength(1);
    expect(failure(now)).toBe(message);
    const later = await decisions(async () => answer);
    expect(later).toHaveLength(1);
    expect(failure(later)).toBe(message);
  });

  it.each([
    [{ accept: true, dta: 5 }, 'only accept, data, reason, code, got "dta"'],
    [{ accept: true, Data: 5 }, '"data", got "Data"'],
    [{ accept: false, resaon: "full" }, 'only accept, data, reason, code, got "resaon"'],
  ])("lets nobody in for the answer %j, in which a name is misspelt", async (answer, what) => {
    const message = `"authenticate" expected ${what}`;
    for (const authenticate of [() => answer, async () => answer]) {
      const made = await decisions(authenticate);
      expect([made.length, failure(made)]).toEqual([1, message]);
      expect((made[0] as { readonly error?: unknown }).error).toBeInstanceOf(TypeError);
    }
  });

  it("passes over what is undefined, and what another kind of answer has", async () => {
    const accepted = [{ kind: "accept", data: 5 }];
    expect(await decisions(() => ({ accept: true, data: 5, note: undefined, reason: "", code: "" }))).toEqual(accepted);
  });

  it("decides once when a home-made promise answers twice", async () => {
    const yes = { accept: true };
    const no = { accept: false, reason: "changed my mind" };
    type Settle = (value: unknown) => void;
    const thenable = (settle: (resolve: Settle, reject: Settle) => void) => () => ({ then: settle });
    expect(await decisions(thenable((resolve) => [resolve(yes), resolve(no)]))).toEqual([{ kind: "accept" }]);
    expect(await decisions(thenable((resolve, reject) => [resolve(yes), reject(no)]))).toEqual([{ kind: "accept" }]);
    const throwing = thenable((resolve) => {
      resolve(yes);
      throw new Error("too late");
    });
    expect(await decisions(throwing)).toEqual([{ kind: "accept" }]);
  });

  it("reports a home-made promise that throws, and an answer whose fields throw", async () => {
    const broken = (): unknown => ({
      then: () => {
        throw new Error("no promise");
      },
    });
    expect(failure(await decisions(broken))).toBe("no promise");
    const trap = {
      get accept(): boolean {
        throw new Error("trap");
      },
    };
    expect(failure(await decisions(async () => trap))).toBe("trap");
  });

  it("decides nothing while there is no answer", async () => {
    expect(await decisions(() => new Promise(() => {}))).toEqual([]);
  });
});
