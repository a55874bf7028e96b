import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { createTokenIssuer, type TokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey, type TokenKeySet } from "../src/token-keys.js";
import { createTokenVerifier, type TokenVerifier } from "../src/token-verifier.js";

const LOAD_TIMEOUT_MS = 5000;
/** ms of real time. Far more than a signature takes. */
const PATIENCE_MS = 15_000;

interface Load {
  readonly resolve: (keySet: TokenKeySet) => void;
  readonly reject: (error: Error) => void;
}

/** A verifier whose `keys` settles when the test says so. */
interface Loading {
  readonly verifier: TokenVerifier;
  readonly issuer: TokenIssuer;
  readonly loads: Load[];
  readonly errors: string[];
  elapsedMs: number;
}

async function loading(): Promise<Loading> {
  const loads: Load[] = [];
  const errors: string[] = [];
  const issuer = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k1" })] });
  const verifier = createTokenVerifier({
    keys: () => new Promise((resolve, reject) => loads.push({ resolve, reject })),
    protocol: "arena/1",
    audience: "eu-1",
    onError: (error) => errors.push(String(error)),
    monotonicNow: () => state.elapsedMs,
  });
  const state = { verifier, issuer, loads, errors, elapsedMs: 0 };
  return state;
}

async function verify({ verifier, issuer }: Loading): Promise<string> {
  const token = await issuer.issue({ subject: "ann", audience: "eu-1", protocol: "arena/1" });
  const verdict = await verifier.verify(new TextEncoder().encode(token));
  return verdict.ok ? "ok" : verdict.code;
}

/** Lets all that is under way come as far as it does by itself: signatures are made in other threads. */
async function settle(done: () => boolean): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!done() && performance.now() < untilMs) await new Promise((resolve) => setImmediate(resolve));
  expect(done()).toBe(true);
}

describe("keys that are loaded", () => {
  let timers: OwnTimers;

  beforeEach(() => {
    timers = new OwnTimers("/packages/tokens/src/", { toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => timers.restore());

  it("are waited for no longer than 5 s: then there is a verdict, for all who wait, and an error is told", async () => {
    const state = await loading();
    const verdicts: string[] = [];
    for (let i = 0; i < 3; i++) void verify(state).then((code) => verdicts.push(code));
    await settle(() => state.loads.length === 1);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS - 1);
    expect(verdicts).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await settle(() => verdicts.length === 3);
    expect(verdicts).toEqual(["unknown-key", "unknown-key", "unknown-key"]);
    expect(state.errors).toEqual(['Error: "keys" expected to settle within 5000 ms, got nothing by then']);
    expect(state.loads).toHaveLength(1);
  });

  it("are asked for again after one that never settled, at the same pace", async () => {
    const state = await loading();
    const first = verify(state);
    await settle(() => state.loads.length === 1);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
    expect(await first).toBe("unknown-key");
    state.elapsedMs = 29_999;
    expect(await verify(state)).toBe("unknown-key");
    state.elapsedMs = 30_000;
    const second = verify(state);
    await settle(() => state.loads.length === 2);
    expect(timers.count).toBe(1);
    state.loads[1]?.resolve(state.issuer.keySet());
    expect(await second).toBe("ok");
    expect(timers.count, "no timer is left").toBe(0);
  });

  it("that come late are good for the tokens after them, and an error that comes late is no rejection", async () => {
    const state = await loading();
    const first = verify(state);
    await settle(() => state.loads.length === 1);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
    expect(await first).toBe("unknown-key");
    state.loads[0]?.resolve(state.issuer.keySet());
    await settle(() => true);
    let code = "";
    for (let i = 0; i < 100 && code !== "ok"; i++) code = await verify(state);
    expect(code).toBe("ok");
    expect(state.loads).toHaveLength(1);

    const other = await loading();
    const refused = verify(other);
    await settle(() => other.loads.length === 1);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
    expect(await refused).toBe("unknown-key");
    other.loads[0]?.reject(new Error("no route to backend"));
    await settle(() => true);
    expect(other.errors).toHaveLength(1);
  });

  it("give way to those that were set meanwhile: a key that was withdrawn is not trusted", async () => {
    const state = await loading();
    const withdrawn = state.issuer.keySet();
    const successor = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k2" })] });
    const waiting = verify(state);
    await settle(() => state.loads.length === 1);
    await state.verifier.setKeys(successor.keySet());
    state.loads[0]?.resolve(withdrawn);
    expect(await waiting).toBe("unknown-key");
    expect(await verify(state)).toBe("unknown-key");
    expect(await verify({ ...state, issuer: successor })).toBe("ok");
  });

  it("give way also where they were asked for before, and begin to be loaded after it", async () => {
    const state = await loading();
    const withdrawn = state.issuer.keySet();
    const successor = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k2" })] });
    const waiting = verify(state);
    await settle(() => state.loads.length === 1);
    const reloaded = state.verifier.reload();
    await state.verifier.setKeys(successor.keySet());
    state.loads[0]?.resolve(withdrawn);
    await settle(() => state.loads.length === 2);
    state.loads[1]?.resolve(withdrawn);
    await reloaded;
    expect(await waiting).toBe("unknown-key");
    expect(await verify(state)).toBe("unknown-key");
    expect(await verify({ ...state, issuer: successor })).toBe("ok");
  });

  it("do not give way where they were asked for once more after it", async () => {
    const state = await loading();
    const successor = await createTokenIssuer({ keys: [await generateTokenKey({ keyId: "k2" })] });
    const waiting = verify(state);
    await settle(() => state.loads.length === 1);
    const reloads = [state.verifier.reload()];
    await state.verifier.setKeys(state.issuer.keySet());
    reloads.push(state.verifier.reload());
    state.loads[0]?.resolve(state.issuer.keySet());
    await settle(() => state.loads.length === 2);
    state.loads[1]?.resolve(successor.keySet());
    await Promise.all(reloads);
    expect(await waiting).toBe("ok");
    expect(state.loads).toHaveLength(2);
    expect(await verify({ ...state, issuer: successor })).toBe("ok");
    expect(await verify(state)).toBe("unknown-key");
  });

  it("are waited for by a token that comes between the call of reload and its load, which stays one", async () => {
    const state = await loading();
    const token = await state.issuer.issue({ subject: "ann", audience: "eu-1", protocol: "arena/1" });
    const payload = new TextEncoder().encode(token);
    const reloaded = state.verifier.reload();
    const verdict = state.verifier.verify(payload);
    await settle(() => state.loads.length === 1);
    state.loads[0]?.resolve(state.issuer.keySet());
    await reloaded;
    expect((await verdict).ok).toBe(true);
    expect(state.loads).toHaveLength(1);
  });

  it("do not give way to a set that was refused", async () => {
    const state = await loading();
    const waiting = verify(state);
    await settle(() => state.loads.length === 1);
    await expect(state.verifier.setKeys({ keys: [] })).rejects.toThrow(/"keys" expected/);
    state.loads[0]?.resolve(state.issuer.keySet());
    expect(await waiting).toBe("ok");
  });
});
