import { on, once } from "node:events";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { TypedEmitter } from "../src/typed-emitter.js";

interface DoorEvents {
  open: (key: string, at: number) => void;
  close: () => void;
}

/** As clients and servers use it: what listeners throw is collected. */
class Door extends TypedEmitter<DoorEvents> {
  readonly errors: string[] = [];

  constructor() {
    super(["open", "close"]);
  }

  unlock(key: string): void {
    this.emit("open", key, 7);
  }

  shut(): void {
    this.emit("close");
  }

  protected override onListenerError(name: keyof DoorEvents, error: unknown, first: unknown): void {
    this.errors.push(`${name} ${String(first)}: ${(error as Error).message}`);
  }
}

/** With the event that node:events asks for. */
class Lift extends TypedEmitter<{ arrive: (floor: number) => void; error: (error: unknown) => void }> {
  constructor() {
    super(["arrive", "error"]);
  }

  arrive(floor: number): void {
    this.emit("arrive", floor);
  }

  fail(text: string): void {
    this.emit("error", new Error(text));
  }
}

/** Without an owner that takes errors. */
class BareDoor extends TypedEmitter<DoorEvents> {
  unlock(): void {
    this.emit("open", "", 0);
  }
}

describe("TypedEmitter", () => {
  it("calls listeners in the order they came, with both arguments, and is its own return value", () => {
    const door = new Door();
    const calls: string[] = [];
    const returned = door
      .on("open", (key, at) => calls.push(`first ${key} ${at}`))
      .on("open", () => calls.push("second"));
    door.unlock("brass");
    expect(returned).toBe(door);
    expect(calls).toEqual(["first brass 7", "second"]);
  });

  it("refuses names that are no events, those of Object.prototype included", () => {
    const door = new Door();
    for (const name of ["knock", "toString", "__proto__", "constructor"]) {
      expect(() => door.on(name as "open", () => {})).toThrow(
        new TypeError(`"event" expected one of open, close, got ${name}`),
      );
      expect(door.listenerCount(name as "open")).toBe(0);
      expect(door.off(name as "open", () => {})).toBe(door);
    }
  });

  it.each([
    [undefined, "undefined"],
    ["close", "string"],
    [{}, "object"],
  ])("refuses %j as a listener", (listener, got) => {
    expect(() => new Door().on("open", listener as never)).toThrow(
      new TypeError(`"listener" expected a function, got ${got}`),
    );
  });

  it("takes 1000 listeners of one event and refuses the next, which is a leak", () => {
    const door = new Door();
    let calls = 0;
    for (let i = 0; i < 1000; i++) door.on("open", () => (calls += 1));
    expect(() => door.on("open", () => {})).toThrow(/"open" expected at most 1000 listeners/);
    expect(() => door.on("open", () => {})).toThrow(RangeError);
    door.on("close", () => {});
    door.unlock("");
    expect(calls).toBe(1000);
    expect(door.listenerCount("open")).toBe(1000);
    expect(door.listenerCount("close")).toBe(1);
  });

  it("goes on after a listener that throws, and tells its owner with the first argument", () => {
    const door = new Door();
    let later = 0;
    door.on("open", () => {
      throw new Error("jammed");
    });
    door.on("open", () => (later += 1));
    door.unlock("brass");
    door.unlock("steel");
    expect(later).toBe(2);
    expect(door.errors).toEqual(["open brass: jammed", "open steel: jammed"]);
  });

  it("tells its owner of a listener whose promise rejects", async () => {
    const door = new Door();
    door.on("open", async (key) => {
      await Promise.resolve();
      throw new Error(`late ${key}`);
    });
    door.unlock("brass");
    expect(door.errors).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(door.errors).toEqual(["open brass: late brass"]);
  });

  it("tells its owner of promises of another realm, and of a library's, as well", async () => {
    const door = new Door();
    door.on("open", runInNewContext('async () => { throw new Error("foreign"); }') as () => void);
    const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("thenable")) };
    door.on("open", () => thenable);
    // What is no promise is nobody's concern, whatever its parts.
    door.on("open", () => null).on("open", () => ({ then: 5 }));
    door.unlock("brass");
    await new Promise((resolve) => setImmediate(resolve));
    expect(door.errors.sort()).toEqual(["open brass: foreign", "open brass: thenable"]);
  });

  it("throws what a listener throws where no owner takes it", () => {
    const door = new BareDoor(["open", "close"]);
    door.on("open", () => {
      throw new Error("jammed");
    });
    expect(() => door.unlock()).toThrow("jammed");
  });

  it("calls a listener of once for the next event alone, with what it throws told", () => {
    const door = new Door();
    const calls: string[] = [];
    const returned = door.once("open", (key, at) => {
      calls.push(`once ${key} ${at}`);
      door.unlock("again");
      throw new Error("jammed");
    });
    door.on("open", (key) => calls.push(key));
    expect(returned).toBe(door);
    expect(door.listenerCount("open")).toBe(2);
    door.unlock("brass");
    door.unlock("steel");
    expect(calls).toEqual(["once brass 7", "again", "brass", "steel"]);
    expect(door.errors).toEqual(["open brass: jammed"]);
    expect(door.listenerCount("open")).toBe(1);
  });

  it("takes back a listener of once, one at a time, and refuses what is none", () => {
    const door = new Door();
    let calls = 0;
    const listener = (): void => void (calls += 1);
    door.once("open", listener).on("open", listener).off("open", listener);
    expect(door.listenerCount("open")).toBe(1);
    door.unlock("");
    door.unlock("");
    expect(calls).toBe(2);
    expect(door.off("open", listener).listenerCount("open")).toBe(0);
    expect(() => door.once("knock" as "open", listener)).toThrow(/"event" expected one of open, close, got knock/);
    expect(() => door.once("open", 7 as never)).toThrow(new TypeError('"listener" expected a function, got number'));
  });

  it("works with once and on of node:events, which leave nothing behind", async () => {
    const lift = new Lift();
    // The types of node:events ask for all methods of theirs; its functions do not.
    const emitter = lift as unknown as NodeJS.EventEmitter;
    setImmediate(() => lift.arrive(3));
    expect(await once(emitter, "arrive")).toEqual([3, undefined]);
    setImmediate(() => lift.fail("stuck"));
    await expect(once(emitter, "arrive")).rejects.toThrow("stuck");
    setImmediate(() => lift.arrive(4));
    for await (const floors of on(emitter, "arrive")) {
      expect(floors).toEqual([4, undefined]);
      break;
    }
    expect([lift.listenerCount("arrive"), lift.listenerCount("error")]).toEqual([0, 0]);
  });

  it("finishes an emit with the listeners it began with, whatever they add and remove", () => {
    const door = new Door();
    const calls: string[] = [];
    const second = (): void => void calls.push("second");
    const added = (): void => void calls.push("added");
    const first = (): void => {
      calls.push("first");
      door.off("open", first).off("open", second).on("open", added);
    };
    door.on("open", first).on("open", second);
    door.unlock("");
    expect(calls).toEqual(["first", "second"]);
    door.unlock("");
    expect(calls).toEqual(["first", "second", "added"]);
  });

  it("removes one registration at a time of a listener that was added twice", () => {
    const door = new Door();
    let calls = 0;
    const listener = (): void => void (calls += 1);
    door.on("close", listener).on("close", listener);
    door.shut();
    door.off("close", listener);
    door.shut();
    door.off("close", listener).off("close", listener);
    door.shut();
    expect(calls).toBe(3);
    expect(door.listenerCount("close")).toBe(0);
  });

  it("may emit from a listener", () => {
    const door = new Door();
    const calls: string[] = [];
    door.on("open", () => door.shut()).on("open", () => calls.push("opened"));
    door.on("close", () => calls.push("closed"));
    door.unlock("");
    expect(calls).toEqual(["closed", "opened"]);
  });
});

it("takes no method of arrays that Safari 15 lacks", () => {
  const present = Object.getOwnPropertyDescriptor(Array.prototype, "toSpliced") as PropertyDescriptor;
  Reflect.deleteProperty(Array.prototype, "toSpliced");
  try {
    const [door, heard]: [Door, string[]] = [new Door(), []];
    const listeners = ["a", "b", "c"].map((name) => () => void heard.push(name));
    for (const listener of listeners) door.on("close", listener);
    door.off("close", listeners[1]!);
    door.shut();
    expect(heard).toEqual(["a", "c"]);
  } finally {
    Object.defineProperty(Array.prototype, "toSpliced", present);
  }
});
