import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import { createTokenIssuer, type TokenIssuer } from "../src/token-issuer.js";
import { generateTokenKey, type TokenKeySet } from "../src/token-keys.js";
import { createTokenVerifier, type TokenVerifier } from "../src/token-verifier.js";
import type { TokenVerifierOptions } from "../src/verifier-options.js";

/** s of Unix time. */
const START_S = 1_800_000_000;
/** s. Defaults of the verifier. */
const MAX_KEY_AGE_S = 300;
const RELOAD_S = 30;
const LOAD_TIMEOUT_MS = 5000;
/** ms of real time. Far more than a signature takes. */
const PATIENCE_MS = 15_000;

/** A backend with two keys, which still signs with both of them, whatever it publishes. */
class Backend {
  readonly #issuers: ReadonlyMap<string, TokenIssuer>;
  /** What it does when it is asked for its keys. */
  answer: () => Promise<TokenKeySet>;
  calls = 0;

  constructor(issuers: ReadonlyMap<string, TokenIssuer>) {
    this.#issuers = issuers;
    this.answer = () => Promise.resolve(this.publish("leaked", "good"));
  }

  readonly load = (): Promise<TokenKeySet> => {
    this.calls += 1;
    return this.answer();
  };

  publish(...names: string[]): TokenKeySet {
    return { keys: names.flatMap((name) => this.#issuer(name).keySet().keys) };
  }

  withdraw(): void {
    this.answer = () => Promise.resolve(this.publish("good"));
  }

  issue(name: string): Promise<string> {
    return this.#issuer(name).issue({ subject: "ann", audience: "eu-1", protocol: "arena/1" });
  }

  #issuer(name: string): TokenIssuer {
    return this.#issuers.get(name) as TokenIssuer;
  }
}

interface Setup {
  readonly backend: Backend;
  readonly verifier: TokenVerifier;
  readonly errors: string[];
  readonly clock: { seconds: number };
}

async function setUp(options: Partial<TokenVerifierOptions> = {}): Promise<Setup> {
  const clock = { seconds: 0 };
  const now = (): number => (START_S + clock.seconds) * 1000;
  const issuers = new Map<string, TokenIssuer>();
  for (const keyId of ["leaked", "good"]) {
    issuers.set(keyId, await createTokenIssuer({ keys: [await generateTokenKey({ keyId })], now }));
  }
  const backend = new Backend(issuers);
  const errors: string[] = [];
  const verifier = createTokenVerifier({
    keys: backend.load,
    protocol: "arena/1",
    audience: "eu-1",
    onError: (error) => errors.push(String(error)),
    now,
    monotonicNow: () => clock.seconds * 1000,
    ...options,
  });
  return { backend, verifier, errors, clock };
}

async function codeOf({ backend, verifier }: Setup, name: string): Promise<string> {
  const verdict = await verifier.verify(new TextEncoder().encode(await backend.issue(name)));
  return verdict.ok ? "ok" : verdict.code;
}

/** Lets all that is under way come as far as it does by itself: keys are imported in other threads. */
async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (!(await done())) {
    if (performance.now() > untilMs) throw new Error(`not yet: ${String(done)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

let timers: OwnTimers;
beforeEach(() => {
  timers = new OwnTimers("/packages/tokens/src/", { toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => timers.restore());

describe("a key set that is old", () => {
  it("is loaded again beside the admissions, and keys that were withdrawn are trusted no more", async () => {
    const state = await setUp();
    expect(await codeOf(state, "leaked")).toBe("ok");
    state.backend.withdraw();
    state.clock.seconds = MAX_KEY_AGE_S - 1;
    expect(await codeOf(state, "leaked")).toBe("ok");
    expect(state.backend.calls).toBe(1);
    state.clock.seconds = MAX_KEY_AGE_S;
    expect(await codeOf(state, "good")).toBe("ok");
    expect(state.backend.calls).toBe(2);
    await until(async () => (await codeOf(state, "leaked")) === "unknown-key");
    expect(await codeOf(state, "good")).toBe("ok");
    expect(state.errors).toEqual([]);
    expect(timers.count).toBe(0);
  });

  it("is waited for by nobody with a known key, and asked for once, while players come", async () => {
    const state = await setUp();
    expect(await codeOf(state, "good")).toBe("ok");
    state.backend.answer = () => new Promise(() => {});
    state.clock.seconds = MAX_KEY_AGE_S;
    for (let i = 0; i < 5; i++) expect(await codeOf(state, "good")).toBe("ok");
    expect(state.backend.calls).toBe(2);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
    expect(state.errors).toEqual(['Error: "keys" expected to settle within 5000 ms, got nothing by then']);
  });

  it("stays where no other one can be had, which is told at each attempt, and not more often than that", async () => {
    const state = await setUp();
    expect(await codeOf(state, "good")).toBe("ok");
    state.backend.answer = () => Promise.reject(new Error("no route to backend"));
    for (let seconds = MAX_KEY_AGE_S; seconds < 4 * MAX_KEY_AGE_S; seconds += RELOAD_S / 2) {
      state.clock.seconds = seconds;
      expect(await codeOf(state, "good")).toBe("ok");
      await until(() => state.errors.length === state.backend.calls - 1);
    }
    expect(state.backend.calls - 1).toBe((3 * MAX_KEY_AGE_S) / RELOAD_S);
    expect(new Set(state.errors)).toEqual(new Set(["Error: no route to backend"]));
    state.backend.answer = () => Promise.resolve({ keys: [] });
    state.clock.seconds += RELOAD_S;
    expect(await codeOf(state, "good")).toBe("ok");
    await until(() => state.errors.at(-1)?.includes('"keys" expected') === true);
    state.backend.withdraw();
    state.clock.seconds += RELOAD_S;
    await until(async () => (await codeOf(state, "leaked")) === "unknown-key");
  });

  it("is waited for where nobody has come for twice its age: nobody comes first by a leaked key", async () => {
    const state = await setUp({ maxKeyAgeSeconds: 60 });
    expect(await codeOf(state, "leaked")).toBe("ok");
    let give = (): void => {};
    const withdrawn = state.backend.publish("good");
    state.backend.answer = () => new Promise((resolve) => (give = () => resolve(withdrawn)));
    state.clock.seconds = 120;
    const verdicts = [codeOf(state, "leaked"), codeOf(state, "leaked"), codeOf(state, "good")];
    await until(() => state.backend.calls === 2);
    give();
    expect(await Promise.all(verdicts)).toEqual(["unknown-key", "unknown-key", "ok"]);
    expect(state.backend.calls).toBe(2);
  });

  it("keeps nobody out who had to wait, where the backend does not answer", async () => {
    const state = await setUp();
    expect(await codeOf(state, "good")).toBe("ok");
    state.backend.answer = () => new Promise(() => {});
    state.clock.seconds = 10 * MAX_KEY_AGE_S;
    const verdict = codeOf(state, "good");
    await until(() => state.backend.calls === 2);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
    expect(await verdict).toBe("ok");
    expect(state.errors).toHaveLength(1);
    // And those after them do not even wait.
    state.clock.seconds += RELOAD_S;
    expect(await codeOf(state, "good")).toBe("ok");
    expect(state.backend.calls).toBe(3);
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
  });

  it("grows old from the time it was asked for or given, and never where it cannot be loaded", async () => {
    const state = await setUp();
    expect(await codeOf(state, "good")).toBe("ok");
    state.clock.seconds = MAX_KEY_AGE_S - 1;
    await state.verifier.setKeys(state.backend.publish("good"));
    state.clock.seconds = 2 * MAX_KEY_AGE_S - 2;
    expect(await codeOf(state, "leaked")).toBe("ok");
    const { verifier } = await setUp({
      keys: state.backend.publish("good"),
      now: () => (START_S + state.clock.seconds) * 1000,
    });
    state.clock.seconds = 1e6;
    expect(await codeOf({ ...state, verifier }, "good")).toBe("ok");
  });
});

describe("reload", () => {
  it("has new keys at once, however young the old ones are; who asks meanwhile waits for the same", async () => {
    const state = await setUp();
    expect(await codeOf(state, "leaked")).toBe("ok");
    state.backend.withdraw();
    await Promise.all([state.verifier.reload(), state.verifier.reload(), state.verifier.reload()]);
    expect(state.backend.calls).toBe(2);
    expect(await codeOf(state, "leaked")).toBe("unknown-key");
    expect(await codeOf(state, "good")).toBe("ok");
  });

  it("does not take keys that were asked for before: the file may have changed since", async () => {
    const state = await setUp();
    let give = (): void => {};
    const old = state.backend.publish("leaked", "good");
    state.backend.answer = () => new Promise((resolve) => (give = () => resolve(old)));
    const first = codeOf(state, "leaked");
    await until(() => state.backend.calls === 1);
    state.backend.withdraw();
    const reloaded = state.verifier.reload();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(state.backend.calls, "one at a time").toBe(1);
    give();
    expect(await first).toBe("ok");
    await reloaded;
    expect(state.backend.calls).toBe(2);
    expect(await codeOf(state, "leaked")).toBe("unknown-key");
  });

  it("rejects with why there are none, tells nobody else, and keeps the old ones", async () => {
    const state = await setUp();
    expect(await codeOf(state, "good")).toBe("ok");
    state.backend.answer = () => Promise.reject(new Error("no route to backend"));
    await expect(state.verifier.reload()).rejects.toThrow("no route to backend");
    state.backend.answer = () => Promise.resolve({ keys: [] });
    await expect(state.verifier.reload()).rejects.toThrow('"keys" expected { keys: [...] }');
    state.backend.answer = () => new Promise(() => {});
    const hanging = state.verifier.reload();
    const rejected = expect(hanging).rejects.toThrow("within 5000 ms");
    await until(() => state.backend.calls === 4);
    expect(await codeOf(state, "good")).toBe("ok");
    await vi.advanceTimersByTimeAsync(LOAD_TIMEOUT_MS);
    await rejected;
    expect(state.errors).toEqual([]);
    expect(await codeOf(state, "good")).toBe("ok");
    state.backend.withdraw();
    await state.verifier.reload();
    expect(await codeOf(state, "leaked")).toBe("unknown-key");
  });

  it("has nothing to call where the keys were given", async () => {
    const { backend } = await setUp();
    const { verifier } = await setUp({ keys: backend.publish("good") });
    await expect(verifier.reload()).rejects.toThrow(
      new TypeError('"keys" expected a function that gets a key set, to be called again'),
    );
  });
});
