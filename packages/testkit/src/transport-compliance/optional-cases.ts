import { check, checkEqual, checkRejects } from "./check.js";
import type { CaseBody, Endpoint } from "./harness.js";
import { pattern, patterns } from "./outgoing.js";

/** A label of 64 characters, where names may have 63: no resolver finds it, and none need ask a server for it. */
const NO_NAME = `${"x".repeat(64)}.invalid`;
/** ms. What `holdReceive` takes; the most of it is far below what a case waits for a datagram. */
const HOLDS_MS = [0, 2, 100];
/** ms. For `receiveSoon`. */
const LIMIT_MS = 20;

/** The methods that a transport may leave out: a case of one that is not there passes. */
export const OPTIONAL_CASES: Readonly<Record<string, CaseBody>> = {
  "rebind moves to a new port and both directions go on (where supported)": async (h) => {
    const [b, a] = [await h.open(), await h.open()];
    if (a.transport.rebind === undefined) return;
    await h.send(a, [[pattern(10, 1), b.address]]);
    await h.until("the first datagram", () => b.receiver.count === 1);
    const local = await h.finish(a.transport.rebind());
    check(a.transport.localAddress?.equals(local) === true, "expected localAddress to be the new address");
    await h.send(a, [[pattern(10, 2), b.address]]);
    await h.until("a datagram from the new port", () => b.receiver.count === 2);
    const { from } = b.receiver.datagrams[1]!;
    // What a client of a star calls its address need not be what its server sees.
    const expected = h.isStar ? from : h.reach(local);
    check(!from.equals(a.address), `expected a new port, got ${from.port} again`);
    check(from.equals(expected), `source: expected ${expected}, got ${from}`);
    await h.send(b, [[pattern(10, 3), from]]);
    await h.until("the answer", () => a.receiver.count === 1);
  },

  "rebind rejects before open and after close (where supported)": async (h) => {
    for (const transport of await h.subjects()) {
      if (transport.rebind === undefined) continue;
      await checkRejects("rebind before open", h.finish(transport.rebind()), "closed");
      await h.open(transport);
      await h.finish(transport.close());
      await checkRejects("rebind after close", h.finish(transport.rebind()), "closed");
    }
  },

  "resolve gives a literal address itself (where supported)": async (h) => {
    for (const { transport } of [await h.open(), await h.open()]) {
      for (const literal of ["192.0.2.7", "2001:db8::1"]) {
        if (transport.resolve !== undefined) {
          checkEqual("resolve", await h.finish(transport.resolve(literal)), [literal]);
        }
      }
    }
  },

  "resolve rejects for a name that there is not (where supported)": async (h) => {
    for (const { transport } of [await h.open(), await h.open()]) {
      if (transport.resolve === undefined) continue;
      await checkRejects("resolve", h.finish(transport.resolve(NO_NAME)), "name-not-found");
    }
  },

  "holdReceive takes 0..100 ms at any time, and what is held arrives (where supported)": (h) =>
    h.eachPair(async (a, b) => {
      const { transport, receiver } = b;
      if (transport.holdReceive === undefined) return;
      for (const [i, holdMs] of HOLDS_MS.entries()) {
        transport.holdReceive(holdMs);
        await h.send(a, patterns(3, 10, b.address));
        await h.until(`datagrams with ${holdMs} ms to wait`, () => receiver.count === 3 * i + 3 && !receiver.batchOpen);
      }
      await h.finish(transport.close());
      transport.holdReceive(2);
    }),

  "holdReceive throws RangeError outside of that, and works before open (where supported)": async (h) => {
    for (const transport of await h.subjects()) {
      if (transport.holdReceive === undefined) continue;
      for (const holdMs of HOLDS_MS) transport.holdReceive(holdMs);
      for (const wrongMs of [-1, 100.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        let caught: unknown = "nothing";
        try {
          transport.holdReceive(wrongMs);
        } catch (error) {
          caught = error;
        }
        check(caught instanceof RangeError, `holdReceive(${wrongMs}): expected a RangeError, got ${String(caught)}`);
      }
    }
  },

  "receiveNow hands over what came, says whether that was all, and is quiet after close (where supported)": (h) =>
    h.eachPair(async (a, b) => {
      const { transport, receiver } = b;
      if (transport.receiveNow === undefined) return;
      const ask = (): void => checkBoolean("receiveNow", transport.receiveNow?.());
      transport.holdReceive?.(100);
      await h.send(a, patterns(3, 10, b.address));
      await h.until("3 datagrams and their end", () => {
        ask();
        return receiver.count === 3 && !receiver.batchOpen;
      });
      await h.send(a, patterns(3, 10, b.address));
      await h.finish(transport.close());
      ask();
      checkEqual("calls after close", receiver.faults, []);
    }),

  "receiveSoon calls done once if it returned true, else not at all (where supported)": (h) =>
    h.eachPair(async (a, b) => {
      if (b.transport.receiveSoon === undefined) return;
      await h.send(a, patterns(3, 10, b.address));
      const open = askSoon(b);
      await h.untilEqual("calls of done", open.calls, open.expected);
      await h.until("3 datagrams", () => b.receiver.count === 3);
      const closing = askSoon(b);
      await h.finish(b.transport.close());
      await h.untilEqual("calls of done, closed meanwhile", closing.calls, closing.expected);
      const closed = askSoon(b);
      await h.untilEqual("calls of done, after close", closed.calls, closed.expected);
      await h.rest();
      for (const { calls, expected } of [open, closing, closed]) checkEqual("calls of done", calls(), expected);
    }),
};

/** Asks for what has come, and counts what follows. */
function askSoon({ transport }: Endpoint): { readonly calls: () => number; readonly expected: number } {
  let calls = 0;
  const answer = transport.receiveSoon?.(LIMIT_MS, () => {
    calls++;
  });
  checkBoolean("receiveSoon", answer);
  return { calls: () => calls, expected: answer === true ? 1 : 0 };
}

function checkBoolean(label: string, value: unknown): void {
  check(typeof value === "boolean", `${label}: expected a boolean, got ${String(value)}`);
}
