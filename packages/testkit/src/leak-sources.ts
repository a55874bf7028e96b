import { checkOptionNames, describeKind, type OptionNames } from "@sortie/connection";

/** What must be zero when everything has ended; only what is given is looked at, and one thing at least has to be. */
export interface LeakSources {
  readonly servers?: readonly { readonly stats: { readonly peers: number; readonly halfOpen: number } }[] | undefined;
  /** A virtual clock. */
  readonly clock?: { readonly pendingTimers: number } | undefined;
  /** A system clock. */
  readonly systemClock?: { readonly activeTimers: number } | undefined;
  readonly connections?: readonly LeakableConnection[] | undefined;
}

/** The part of a connection that the check asks. */
export interface LeakableConnection {
  readonly state: string;
  readonly undelivered: number;
  nextTimeoutAt(): number;
  statistics(nowMs: number): {
    readonly endpoint: {
      readonly queuedMessages: number;
      readonly queuedBytes: number;
      readonly packetsInFlight: number;
      readonly bytesInFlight: number;
      readonly reassembliesActive: number;
      readonly heldBytes: number;
    };
  };
}

const SOURCE_NAMES: OptionNames<LeakSources> = { servers: true, clock: true, systemClock: true, connections: true };

/**
 * Throws TypeError for what is no source of leaks. A check that looks at nothing passes whatever has leaked, and a
 * count that is not there looks like zero.
 */
export function checkSources(sources: LeakSources): void {
  checkOptionNames(sources, SOURCE_NAMES, "sources");
  const { servers, clock, systemClock, connections } = sources;
  if (Object.values(sources).every(isNothing)) {
    const names = Object.keys(SOURCE_NAMES).join(", ");
    const got = Object.values(sources).some(Array.isArray) ? "empty lists" : "none";
    throw new TypeError(`"sources" expected at least one of ${names}, got ${got}`);
  }
  checkEach("servers", servers, isServer);
  checkEach("connections", connections, isConnection);
  if (clock !== undefined) checkOne("clock", clock, "a virtual clock", hasCount(clock, "pendingTimers"));
  if (systemClock === undefined) return;
  checkOne("systemClock", systemClock, "a system clock", hasCount(systemClock, "activeTimers"));
}

/** An empty list alone is a mistake as well, such as one that was filled in too late. */
function isNothing(source: unknown): boolean {
  return source === undefined || (Array.isArray(source) && source.length === 0);
}

function checkEach(name: "servers" | "connections", list: unknown, isOne: (item: unknown) => boolean): void {
  if (list === undefined) return;
  if (!Array.isArray(list)) throw new TypeError(`"${name}" expected an array of ${name}, got ${describeKind(list)}`);
  list.forEach((item, index) => checkOne(`${name}[${index}]`, item, `one of the ${name}`, isOne(item)));
}

function checkOne(label: string, value: unknown, expected: string, isOne: boolean): void {
  if (isOne) return;
  const got = describeKind(value);
  throw new TypeError(`"${label}" expected ${expected}, got ${got === "an object" ? "another object" : got}`);
}

function isServer(item: unknown): boolean {
  const { stats } = (item ?? {}) as { readonly stats?: unknown };
  return hasCount(stats, "peers") && hasCount(stats, "halfOpen");
}

function isConnection(item: unknown): boolean {
  const { statistics, nextTimeoutAt } = (item ?? {}) as { readonly [Part in keyof LeakableConnection]?: unknown };
  return typeof statistics === "function" && typeof nextTimeoutAt === "function" && hasCount(item, "undelivered");
}

function hasCount(value: unknown, name: string): boolean {
  return typeof ((value ?? {}) as Readonly<Record<string, unknown>>)[name] === "number";
}
