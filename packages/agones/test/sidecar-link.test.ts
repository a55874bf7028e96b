import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnTimers } from "../../../tests/support/own-timers.js";
import type { AgonesSdk } from "../src/sdk.js";
import { SidecarLink, type SidecarLinkOptions } from "../src/sidecar-link.js";

const silence = (): void => {};
/** ms. */
const PING_MS = 1000;

let pings = 0;
let link: SidecarLink | undefined;
let timers: OwnTimers;
const errors: string[] = [];

beforeEach(() => {
  timers = new OwnTimers("/packages/agones/src/");
  pings = 0;
  errors.length = 0;
});

afterEach(() => {
  link?.close();
  timers.restore();
});

/** A link to a sidecar that takes everything and tells nothing. */
async function connected(options: Partial<SidecarLinkOptions> = {}): Promise<SidecarLink> {
  const sdk = {
    connect: () => Promise.resolve(),
    watchGameServer: silence,
    getGameServer: () => Promise.resolve({}),
    health: () => void (pings += 1),
    close: silence,
  } as unknown as AgonesSdk;
  const made = (link = new SidecarLink({
    createSdk: () => sdk,
    pingIntervalMs: PING_MS,
    isHealthy: () => true,
    logger: {
      debug: silence,
      info: silence,
      warn: silence,
      error: (fields, message) => void errors.push(`${message} (${String((fields as { err: unknown }).err)})`),
    },
    onConnected: silence,
    onGameServer: silence,
    ...options,
  }));
  await vi.advanceTimersByTimeAsync(1);
  return made;
}

describe("SidecarLink", () => {
  it("says at once where it waits for the sidecar, and once", async () => {
    vi.stubEnv("AGONES_SDK_GRPC_PORT", "9358");
    const infos: [object, string][] = [];
    const logger = { debug: silence, info: (...line: [object, string]) => void infos.push(line), warn: silence };
    const sdk = { connect: () => new Promise<void>(silence), close: silence } as unknown as AgonesSdk;
    const given = { logger: { ...logger, error: silence }, createSdk: () => sdk };
    await connected(given);
    vi.unstubAllEnvs();
    expect(infos).toEqual([[{ address: "localhost:9358" }, "waiting for Agones' sidecar at localhost:9358"]]);
  });

  it("gives up a call that the sidecar does not answer within 30 s, and keeps no timer", async () => {
    const silent = await connected({ pingIntervalMs: 3_600_000 });
    expect(silent.isConnected).toBe(true);
    const outcome = silent.call("allocate", () => new Promise(silence)).catch((error: unknown) => String(error));
    await vi.advanceTimersByTimeAsync(29_990);
    expect(await Promise.race([outcome, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(20);
    expect(await outcome).toBe("Error: allocate: Agones' sidecar did not answer within 30000 ms");
    expect(timers.count).toBe(1);
    silent.close();
    expect(timers.count).toBe(0);
  });

  it.each<[string, () => boolean | Promise<boolean>, number]>([
    [
      "throws",
      () => {
        throw new Error("no idea");
      },
      3,
    ],
    ["rejects", () => Promise.reject(new Error("no idea")), 3],
    ["says no", () => false, 0],
    ["says no later", () => Promise.resolve(false), 0],
  ])("sends no ping while isHealthy %s, and pings again when it says yes", async (_, answer, told) => {
    let isBroken = true;
    await connected({ isHealthy: () => (isBroken ? answer() : Promise.resolve(true)) });
    await vi.advanceTimersByTimeAsync(2 * PING_MS);
    expect(pings).toBe(0);
    expect(errors).toEqual(new Array(told).fill('"isHealthy" failed: no ping is sent (Error: no idea)'));
    isBroken = false;
    await vi.advanceTimersByTimeAsync(2 * PING_MS);
    expect(pings).toBe(2);
  });

  it("asks an isHealthy that does not answer once only, and sends no ping meanwhile", async () => {
    const answers: ((isHealthy: boolean) => void)[] = [];
    await connected({ isHealthy: () => new Promise((resolve) => answers.push(resolve)) });
    await vi.advanceTimersByTimeAsync(10 * PING_MS);
    expect([answers.length, pings]).toEqual([1, 0]);
    answers[0]?.(true);
    await vi.advanceTimersByTimeAsync(PING_MS);
    expect([answers.length, pings]).toEqual([2, 1]);
  });

  it("tries again when an SDK throws as it connects", async () => {
    let made = 0;
    const createSdk = (): AgonesSdk => {
      made += 1;
      return { close: silence } as unknown as AgonesSdk;
    };
    const broken = await connected({ createSdk });
    await vi.advanceTimersByTimeAsync(500);
    expect([made, broken.isConnected]).toEqual([2, false]);
  });

  describe("to a sidecar that fails", () => {
    const fail = new Error("broken");
    /** Connects with an SDK of these, for `ms`; gives the pauses after each failure. */
    async function pausesOf(sdk: Partial<AgonesSdk>, ms: number): Promise<number[]> {
      const pauses: number[] = [];
      const warn = (fields: unknown): void => void pauses.push((fields as { retryInMs: number }).retryInMs);
      const logger = { debug: silence, info: silence, warn, error: silence };
      const whole = { connect: () => Promise.resolve(), watchGameServer: silence, health: silence, close: silence };
      await connected({ logger, createSdk: () => ({ ...whole, ...sdk }) as unknown as AgonesSdk });
      await vi.advanceTimersByTimeAsync(ms);
      return pauses;
    }

    it.each<[string, Partial<AgonesSdk>]>([
      ["its watch", { watchGameServer: (_onGameServer, onError) => onError(fail) }],
      ["its health stream", { health: (onError) => onError(fail) }],
      [
        "its watch, after a word",
        {
          watchGameServer: (onGameServer, onError) => {
            onGameServer({} as never);
            onError(fail);
          },
        },
      ],
    ])("waits longer and longer where %s fails each time", async (_, sdk) => {
      expect(await pausesOf(sdk, 90_000)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    });

    it("waits no longer than 2 s for one that has not come yet: until then the server gets no players", async () => {
      let attempts = 0;
      const connect = (): Promise<void> => (++attempts <= 6 ? Promise.reject(fail) : Promise.resolve());
      const watchGameServer: AgonesSdk["watchGameServer"] = (_onGameServer, onError) => onError(fail);
      const pauses = await pausesOf({ connect, watchGameServer }, 24_500);
      expect(pauses.slice(0, 6)).toEqual([500, 1000, 2000, 2000, 2000, 2000]);
      // It has come, but does not serve.
      expect(pauses.slice(6)).toEqual([500, 1000, 2000, 4000, 8000]);
    });

    it("tries again soon once a connection has held for five seconds", async () => {
      let connections = 0;
      // The first three break at once, the fourth holds for a while.
      const watchGameServer: AgonesSdk["watchGameServer"] = (_onGameServer, onError) => {
        connections += 1;
        if (connections === 4) setTimeout(() => onError(fail), 5000);
        else onError(fail);
      };
      expect(await pausesOf({ watchGameServer }, 9500)).toEqual([500, 1000, 2000, 500, 1000]);
    });
  });
});
