import { createServer } from "sortie";
import { describe, expectTypeOf, it } from "vitest";
import { createTokenAuthenticator, type TokenAuthenticatorOptions, type TokenClaims } from "../src/index.js";

interface Player {
  readonly name: string;
}

type Verifier = Extract<TokenAuthenticatorOptions<TokenClaims>, { verifier: unknown }>["verifier"];
const protocol = "test/1";
const verifier = undefined as unknown as Verifier;

// For the compiler: nothing of it runs.
function compiles(): void {
  const claims = createTokenAuthenticator({ verifier });
  const named = createTokenAuthenticator({ verifier, data: ({ subject }) => ({ name: subject }) });
  const players = createTokenAuthenticator<Player>({ verifier, data: async ({ subject }) => ({ name: subject }) });
  createServer({ protocol, authenticate: claims }).on("connect", (peer) =>
    expectTypeOf(peer.data).toEqualTypeOf<TokenClaims>(),
  );
  createServer({ protocol, authenticate: named }).on("connect", (peer) =>
    expectTypeOf(peer.data.name).toEqualTypeOf<string>(),
  );
  createServer<Player>({ protocol, authenticate: players });
  // @ts-expect-error -- the claims are no Player
  createTokenAuthenticator<Player>({ verifier });
}

describe("createTokenAuthenticator's types", () => {
  it("ask for `data` where the claims are not what `peer.data` is", () => {
    expectTypeOf(compiles).toBeFunction();
  });
});
