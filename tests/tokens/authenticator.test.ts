import { createTokenAuthenticator, createTokenIssuer, createTokenVerifier, generateTokenKey } from "@sortie/tokens";
import { createClientSecret } from "@sortie/tokens/client";
import { type Client, ConnectError, createConsoleLogger } from "sortie";
import { afterEach, describe, expect, it } from "vitest";
import { UdpGame } from "../support/udp-game.js";

const START_MS = 1_800_000_000_000;
const PROTOCOL = "udp/1";
const REQUEST = { subject: "ann", audience: "eu-1", protocol: PROTOCOL };

describe("a server with connect tokens, on real UDP", () => {
  let game: UdpGame;
  afterEach(() => game.end());

  /** What becomes of a client with this payload. */
  async function join(payload: string): Promise<Client | string> {
    return game.connect({ payload }).catch((error: unknown) => {
      if (!(error instanceof ConnectError)) throw error;
      expect(error.code).toBe("rejected");
      return /refused: ([\w-]+):/.exec(error.message)?.[1] ?? error.message;
    });
  }

  it("lets in who brings a good one, and tells everyone else why not", async () => {
    const [key, stranger] = [await generateTokenKey(), await generateTokenKey({ algorithm: "ES256" })];
    let nowMs = START_MS;
    const now = (): number => nowMs;
    const issuer = await createTokenIssuer({ keys: [key], now });
    const forger = await createTokenIssuer({ keys: [stranger], now });
    const codes: string[] = [];
    const verifier = createTokenVerifier({ keys: issuer.keySet(), protocol: PROTOCOL, audience: "eu-1", now });
    const authenticate = createTokenAuthenticator({
      verifier,
      data: ({ subject, data }) => ({ subject, team: (data as { team: string }).team }),
      onRefused: ({ code, request }) => codes.push(`${code} ${request.address.host}`),
    });
    game = await UdpGame.listening({ authenticate });
    const joined = new Promise((resolve) => game.server.on("connect", (peer) => resolve(peer.data)));

    const secret = await createClientSecret();
    const token = await issuer.issue({ ...REQUEST, challenge: secret.challenge, data: { team: "red" } });
    expect(await join(token)).toBe("wrong-client");
    expect(await join(secret.payloadFor(token))).toHaveProperty("send");
    expect(await joined).toEqual({ subject: "ann", team: "red" });
    expect(await join(secret.payloadFor(token))).toBe("used-twice");
    expect(await join(await issuer.issue({ ...REQUEST, audience: "eu-2" }))).toBe("wrong-audience");
    expect(await join(await issuer.issue({ ...REQUEST, protocol: "udp/2" }))).toBe("wrong-protocol");
    expect(await join(await forger.issue(REQUEST))).toBe("unknown-key");
    expect(await join("")).toBe("malformed");
    const late = await issuer.issue({ ...REQUEST, lifetimeSeconds: 5 });
    nowMs += 7_001;
    expect(await join(late)).toBe("expired");
    const early = await issuer.issue({ ...REQUEST, notBefore: Math.floor(nowMs / 1000) + 60 });
    expect(await join(early)).toBe("not-yet-valid");
    expect(codes).toHaveLength(8);
    expect(codes[0]).toBe("wrong-client 127.0.0.1");
    expect(verifier.consumed).toBe(1);
    expect(game.server.peers.size).toBe(1);
  });

  it("keeps out a player that the application does not want, and says so itself only", async () => {
    const issuer = await createTokenIssuer({ keys: [await generateTokenKey()] });
    const errors: unknown[] = [];
    const authenticate = createTokenAuthenticator({
      keys: issuer.keySet(),
      protocol: PROTOCOL,
      audience: "eu-1",
      data: () => {
        throw new Error("banned by a secret list");
      },
    });
    game = await UdpGame.listening({ authenticate, logger: createConsoleLogger({ level: "silent" }) });
    game.server.on("error", (error) => errors.push(error));
    const refusal = await game.connect({ payload: await issuer.issue(REQUEST) }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConnectError);
    expect(String(refusal)).not.toContain("secret list");
    expect(String(errors[0])).toContain("banned by a secret list");
    expect(() => createTokenAuthenticator({ verifier: {} as never, data: 7 as never })).toThrow(
      /"data" expected a function, got number/,
    );
  });
});
