import type { Server } from "@sortie/server";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type Authenticate,
  type AuthenticateRequest,
  type AuthenticateResult,
  createServer,
  generateIdentity,
  type ServerOptions,
} from "../src/index.js";

interface Player {
  name: string;
}

type Parameter<Data> = Parameters<typeof createServer<Data>>[0];

/** Given by all tests. */
const GOOD = { protocol: "test/1", identity: generateIdentity(), port: 0 };
const ANN = { name: "ann" };

async function letIn({ payload }: AuthenticateRequest): Promise<AuthenticateResult<Player>> {
  return payload.length > 0 ? { accept: true, data: ANN } : { accept: false, reason: "who are you?" };
}

/** As a wrapper of somebody's own has it. */
function start(options: ServerOptions<Player>): Server<Player> {
  return createServer<Player>(options);
}

function startAny<Data>(options: ServerOptions<Data>): Server<Data> {
  return createServer(options);
}

describe("the types of peers' data", () => {
  it("follow from what authenticate gives", () => {
    const now = createServer({
      ...GOOD,
      authenticate: ({ payload }) => (payload.length > 0 ? { accept: true, data: ANN } : { accept: false }),
    });
    expectTypeOf(now).toEqualTypeOf<Server<Player>>();
    const later = createServer({
      ...GOOD,
      authenticate: async ({ payload }) => {
        if (payload.length > 0) return { accept: true, data: { name: "ann" } };
        return { accept: false, reason: "who are you?" };
      },
    });
    expectTypeOf(later).toEqualTypeOf<Server<Player>>();
    expectTypeOf(createServer({ ...GOOD, authenticate: letIn })).toEqualTypeOf<Server<Player>>();
    expectTypeOf(createServer({ ...GOOD, authenticate: () => ({ accept: true }) })).toEqualTypeOf<Server>();
    expectTypeOf(createServer(GOOD)).toEqualTypeOf<Server>();
    expect(now.peers.size).toBe(0);
  });

  it("of several shapes are named, as authenticate alone does not tell", () => {
    type Entrant = { kind: "player"; name: string } | { kind: "spectator" };
    const server = createServer<Entrant>({
      ...GOOD,
      authenticate: ({ payload }) =>
        payload.length > 3
          ? { accept: true, data: { kind: "player", name: "ann" } }
          : { accept: true, data: { kind: "spectator" } },
    });
    expectTypeOf(server).toEqualTypeOf<Server<Entrant>>();
    createServer<Entrant>({
      ...GOOD,
      // @ts-expect-error a shape that was not named
      authenticate: () => ({ accept: true, data: { kind: "referee" } }),
    });
    expect(server.peers.size).toBe(0);
  });

  it("give authenticate a signal of the host's own type, for fetch and the like", () => {
    expectTypeOf<AuthenticateRequest["signal"]>().toEqualTypeOf<AbortSignal>();
    const authenticate: Authenticate<Player> = async ({ signal }) => {
      await fetch("https://accounts.example/check", { signal });
      return { accept: true, data: ANN };
    };
    expect(authenticate).toBeTypeOf("function");
  });

  it("refuse an authenticate that lets some in without the data that peers are said to have", () => {
    // @ts-expect-error no data
    createServer<Player>({ ...GOOD, authenticate: () => ({ accept: true }) });
    // @ts-expect-error no data, and later
    createServer<Player>({ ...GOOD, authenticate: async () => ({ accept: true }) });
    const some = ({ payload }: AuthenticateRequest) =>
      payload.length > 0 ? ({ accept: true, data: ANN } as const) : ({ accept: true } as const);
    // @ts-expect-error no data for some
    createServer<Player>({ ...GOOD, authenticate: some });
    // @ts-expect-error no data for some
    createServer({ ...GOOD, authenticate: some });
    expectTypeOf<{ accept: true }>().not.toExtend<AuthenticateResult<Player>>();
    expectTypeOf<{ accept: true; data: undefined }>().not.toExtend<AuthenticateResult<Player>>();
    expectTypeOf<() => { accept: true }>().not.toExtend<Authenticate<Player>>();
    expectTypeOf<Authenticate<Player>>().not.toExtend<Authenticate<{ level: number }>>();
    expectTypeOf(createServer<Player | undefined>({ ...GOOD, authenticate: some })).toEqualTypeOf<
      Server<Player | undefined>
    >();
  });

  it("ask for authenticate where peers are said to have data, and not elsewhere", () => {
    expectTypeOf<{ protocol: string }>().toExtend<Parameter<unknown>>();
    expectTypeOf<{ protocol: string }>().toExtend<Parameter<Player | undefined>>();
    expectTypeOf<{ protocol: string }>().not.toExtend<Parameter<Player>>();
    expectTypeOf<{ protocol: string; authenticate?: Authenticate<Player> }>().not.toExtend<Parameter<Player>>();
    expectTypeOf<{ protocol: string; authenticate: () => { accept: true; data: Player } }>().toExtend<
      Parameter<Player>
    >();
  });

  it("let ServerOptions be handed on, also where the data are somebody else's", () => {
    expectTypeOf(start({ ...GOOD, authenticate: letIn })).toEqualTypeOf<Server<Player>>();
    expectTypeOf(startAny({ ...GOOD, authenticate: letIn })).toEqualTypeOf<Server<Player>>();
    expectTypeOf(startAny(GOOD)).toEqualTypeOf<Server>();
    expectTypeOf<{ protocol: string }>().not.toExtend<ServerOptions<Player>>();
    expectTypeOf<ServerOptions<Player>>().toExtend<ServerOptions>();
    expectTypeOf<Authenticate<Player>>().toExtend<Authenticate<unknown>>();
  });

  it("make a server of players a server of anything, and of nothing else", () => {
    expectTypeOf<Server<Player>>().toExtend<Server>();
    expectTypeOf<Server<Player>>().toExtend<Server<unknown>>();
    expectTypeOf<Server<Player>>().not.toExtend<Server<{ level: number }>>();
    expectTypeOf<Server>().not.toExtend<Server<Player>>();
  });
});
