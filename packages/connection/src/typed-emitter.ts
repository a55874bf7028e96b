import { isThenable } from "./call-contained.js";

/** Event names and the listeners they call; two arguments at the most. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- listeners of any two arguments; each map names its own
export type EventMap<Events> = { [Name in keyof Events]: (first: any, second: any) => void };

interface AnyListener {
  (first: unknown, second: unknown): void;
  /** What `once` was given, on what it adds in its place. */
  readonly given?: AnyListener;
}

/** Listeners of one event at the most; more are a leak in the application. */
const MAX_LISTENERS = 1000;

/**
 * Named events of a public object. A listener that throws, or returns a promise that rejects, stops nobody else: the
 * owner is told.
 */
export class TypedEmitter<Events extends EventMap<Events>> {
  private readonly listeners: Map<keyof Events, AnyListener[]> = new Map();
  private readonly names: readonly (keyof Events)[];

  /** @param names all events; others are a caller's mistake */
  constructor(names: readonly (keyof Events)[]) {
    this.names = names;
  }

  /** Throws TypeError for an unknown name or a listener that is no function; RangeError above 1000 listeners. */
  on<Name extends keyof Events>(name: Name, listener: Events[Name]): this {
    if (!this.names.includes(name)) {
      throw new TypeError(`"event" expected one of ${this.names.join(", ")}, got ${String(name)}`);
    }
    if (typeof listener !== "function") throw new TypeError(`"listener" expected a function, got ${typeof listener}`);
    const list = this.listeners.get(name) ?? [];
    if (list.length >= MAX_LISTENERS) {
      const limit = `at most ${MAX_LISTENERS} listeners: are they removed with off()?`;
      throw new RangeError(`"${String(name)}" expected ${limit}`);
    }
    // A new array each time: an emit under way goes on over the old one.
    this.listeners.set(name, [...list, listener as AnyListener]);
    return this;
  }

  /** As `on`, for the next event alone. `off` with the same listener takes it back. */
  once<Name extends keyof Events>(name: Name, listener: Events[Name]): this {
    // What is no function is for `on` to refuse.
    if (typeof listener !== "function") return this.on(name, listener);
    const given = listener as AnyListener;
    const single: AnyListener = (first, second) => {
      this.off(name, single as Events[Name]);
      return given(first, second);
    };
    return this.on(name, Object.assign(single, { given }) as AnyListener as Events[Name]);
  }

  off<Name extends keyof Events>(name: Name, listener: Events[Name]): this {
    const list = this.listeners.get(name) ?? [];
    const at = list.findIndex((each) => each === (listener as AnyListener) || each.given === listener);
    // Not by toSpliced, which Safari 15 and others of its time have not.
    if (at >= 0) this.listeners.set(name, [...list.slice(0, at), ...list.slice(at + 1)]);
    return this;
  }

  /** `off` by the name that `once` and `on` of node:events look for: without it they would leave listeners behind. */
  removeListener<Name extends keyof Events>(name: Name, listener: Events[Name]): this {
    return this.off(name, listener);
  }

  /** Listeners of this event. */
  listenerCount(name: keyof Events): number {
    return this.listeners.get(name)?.length ?? 0;
  }

  /** Calls the listeners in the order they came. Exceptions go to `onListenerError`. */
  protected emit<Name extends keyof Events>(
    name: Name,
    first?: Parameters<Events[Name]>[0],
    second?: Parameters<Events[Name]>[1],
  ): void {
    const list = this.listeners.get(name);
    if (list === undefined) return;
    for (const listener of list) {
      try {
        const result: unknown = listener(first, second);
        // Nothing is what nearly all of them return: for every message that is all that is asked.
        if (result !== undefined && isThenable(result)) {
          Promise.resolve(result).catch((error: unknown) => this.onListenerError(name, error, first));
        }
      } catch (error) {
        this.onListenerError(name, error, first);
      }
    }
  }

  /** Takes what a listener threw. */
  protected onListenerError(name: keyof Events, error: unknown, first: unknown): void {
    void name;
    void first;
    throw error;
  }
}
