import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@sortie/client";
import type { AuthenticateRequest, AuthenticateResult, ServerOptions } from "@sortie/server";
import { describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";

type Answer = AuthenticateResult<unknown> | Promise<AuthenticateResult<unknown>>;

/** Of promises that the application makes: far more than they take on a machine that is busy. */
const PATIENCE = { timeout: 30_000 };
const NEVER = new Promise<never>(() => {});

/** A game whose server asks `answer`, and what it asked and reported. */
class AskedGame {
  readonly requests: AuthenticateRequest[] = [];
  readonly errors: string[] = [];
  readonly game: GameNetwork;

  constructor(answer: (request: AuthenticateRequest) => Answer, options: Partial<ServerOptions> = {}) {
    const authenticate = (request: AuthenticateRequest): Answer => {
      this.requests.push(request);
      return answer(request);
    };
    this.game = new GameNetwork({ server: { authenticate, ...options } });
    this.game.server.on("error", (error) => void this.errors.push(String(error)));
  }

  /** One client comes, and has gone after 100 ms. */
  async comeAndGo(): Promise<void> {
    const { game } = this;
    await game.listen();
    const controller = new AbortController();
    const attempt = connect(game.clientOptions({ signal: controller.signal })).catch(() => undefined);
    await game.run(100);
    expect(this.requests.length).toBe(1);
    controller.abort();
    await game.run(100);
    await attempt;
  }

  get request(): AuthenticateRequest {
    return this.requests[0] as AuthenticateRequest;
  }
}

describe("the signal of an authenticate request", () => {
  it("aborts as the client goes, and says why", async () => {
    let heard = 0;
    const asked = new AskedGame(({ signal }) => {
      signal.addEventListener("abort", () => (heard += 1));
      return NEVER;
    });
    await asked.comeAndGo();
    const { signal } = asked.request;
    expect([signal.aborted, heard]).toEqual([true, 1]);
    const why = 'nobody waits for this answer of "authenticate" any more (closed: given up)';
    expect((signal.reason as Error).message).toBe(why);
    await asked.game.end();
  });

  it("aborts as the time for the handshake is over", async () => {
    const asked = new AskedGame(({ signal }) => (signal.aborted ? { accept: false } : NEVER), {
      handshakeTimeoutMs: 2000,
    });
    const { game } = asked;
    await game.listen();
    const attempt = connect(game.clientOptions({ timeoutMs: 20_000 })).catch(() => undefined);
    await game.run(1900);
    expect(asked.request.signal.aborted).toBe(false);
    await game.run(200);
    expect(asked.request.signal.aborted).toBe(true);
    expect((asked.request.signal.reason as Error).message).toContain("(handshake-timeout");
    await game.run(10_000);
    await attempt;
    await game.end();
  });

  it("aborts as the server shuts down", async () => {
    const asked = new AskedGame(({ signal }) => (signal.aborted ? { accept: false } : NEVER));
    const { game } = asked;
    await game.listen();
    const attempt = connect(game.clientOptions()).catch(() => undefined);
    await game.run(100);
    await game.settle(game.server.close({ reason: "maintenance" }), 20_000);
    expect((asked.request.signal.reason as Error).message).toContain("(shutting-down: maintenance)");
    await attempt;
    await game.end();
  });

  it("is aborted already where it is first asked for when the client has gone", async () => {
    const asked = new AskedGame(() => NEVER);
    await asked.comeAndGo();
    expect(asked.request.signal.aborted).toBe(true);
    expect(asked.request.signal).toBe(asked.request.signal);
    await asked.game.end();
  });

  it("stays quiet for a client that was let in, also when it leaves", async () => {
    const asked = new AskedGame(({ signal }) => ({ accept: !signal.aborted }));
    const client = await asked.game.listen().then(() => asked.game.connect());
    await asked.game.settle(client.close());
    await asked.game.run(1000);
    expect([asked.request.signal.aborted, asked.game.server.stats.peers]).toEqual([false, 0]);
    await asked.game.end();
  });

  it("frees the place of the call as soon as that ends by it, and what it rejects with is no fault", async () => {
    const asked = new AskedGame(async ({ signal }) => {
      await sleep(60_000, undefined, { signal });
      return { accept: true };
    });
    await asked.comeAndGo();
    await vi.waitFor(() => expect(asked.game.server.stats.pendingAuthenticateCalls).toBe(0), PATIENCE);
    expect(asked.errors).toEqual([]);
    await asked.game.end();
  });

  it("goes with a copy of the request, and is what fetch rejects with", async () => {
    const asked = new AskedGame((request) => {
      const { signal }: AuthenticateRequest = { ...request, payload: new Uint8Array(0) };
      return new Promise((_, reject) => {
        // As `fetch` does: with the reason itself.
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    });
    await asked.comeAndGo();
    await vi.waitFor(() => expect(asked.game.server.stats.pendingAuthenticateCalls).toBe(0), PATIENCE);
    expect(asked.errors).toEqual([]);
    await asked.game.end();
  });

  it("is no excuse for another failure, nor for one before it aborted", async () => {
    const asked = new AskedGame(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("no database")));
        }),
    );
    await asked.comeAndGo();
    expect(asked.errors).toEqual(["Error: no database"]);
    await asked.game.end();

    const early = new AskedGame(({ signal }) => {
      expect(signal.aborted).toBe(false);
      throw new DOMException("of my own", "AbortError");
    });
    await early.comeAndGo();
    expect(early.errors).toEqual(["AbortError: of my own"]);
    await early.game.end();
  });

  it("is made for those only who ask for it", async () => {
    const made = vi.spyOn(globalThis, "AbortController");
    try {
      const asked = new AskedGame(({ payload, address, sessionId }) => ({
        accept: payload.length === 0 && address.port > 0 && sessionId.length === 32,
      }));
      await asked.game.listen();
      await asked.game.connect();
      expect(made).not.toHaveBeenCalled();
      await asked.game.end();
    } finally {
      made.mockRestore();
    }
  });
});
