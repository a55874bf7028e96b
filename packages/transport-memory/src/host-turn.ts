/** A port of a `MessageChannel`. */
interface HostPort {
  onmessage: (() => void) | null;
  postMessage(message: undefined): void;
  close(): void;
}

/** The part of the host that lets promises go on between two instants. */
interface HostTurns {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly clearImmediate?: (handle: unknown) => void;
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown;
  readonly MessageChannel?: new () => { readonly port1: HostPort; readonly port2: HostPort };
}

/** Turns by messages after which a real `setImmediate` has called back: each is a turn of the whole event loop. */
const PROBE_TURNS = 4;

/**
 * Turns of a host's event loop, by its functions as they are when this is called. Where they are a test's fake timers
 * already, `setImmediate` gives no turn: then messages do, which no fake timers replace. Only then: a message takes a
 * pair of ports of its own, as several through one pair may come in one turn, and that takes 80 µs in place of 2.
 * Without `setImmediate`, as in browsers, it is `setTimeout`, faked or not: there no number of messages tells.
 */
export function hostTurnsOf(host: HostTurns): () => Promise<void> {
  const { setImmediate, clearImmediate, setTimeout, MessageChannel } = host;
  if (setImmediate === undefined) return () => new Promise((resolve) => void setTimeout(resolve, 0));
  const byImmediate = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  if (MessageChannel === undefined) return byImmediate;
  const byMessage = (): Promise<void> =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close(); // an open one would keep the process
        resolve();
      };
      port2.postMessage(undefined);
    });
  let isReal: boolean | undefined;
  const probe = async (): Promise<void> => {
    let isCalled = false;
    const handle = setImmediate(() => (isCalled = true));
    for (let turns = 0; turns < PROBE_TURNS && !isCalled; turns++) await byMessage();
    isReal = isCalled;
    if (!isCalled) clearImmediate?.(handle);
  };
  return () => {
    if (isReal === undefined) return probe();
    return isReal ? byImmediate() : byMessage();
  };
}

/** Resolves in a later turn of the host's event loop: every promise that could go on has done so. */
export const hostTurn: () => Promise<void> = hostTurnsOf(globalThis as unknown as HostTurns);
