import { describe, expect, it } from "vitest";
import { UnsentMessages } from "../src/unsent-messages.js";

/** A channel whose other end reads when it is told to, and that says so when more than 128 KiB wait. */
function channel(isBacklogged: () => boolean = () => false) {
  const waiting: ((error: Error | null) => void)[] = [];
  return {
    connected: true,
    waiting,
    send: (_message: object, _handle: undefined, _options: undefined, onSent: (error: Error | null) => void) => {
      waiting.push(onSent);
      return !isBacklogged();
    },
    read: (count: number) => waiting.splice(0, count).forEach((onSent) => onSent(null)),
  };
}

describe("messages that another process has not read", () => {
  it("are none where the system takes them, although Node says so in a later turn", () => {
    const unsent = new UnsentMessages();
    const end = channel();
    for (let i = 0; i < 5000; i++) unsent.send(end, {});
    expect(unsent.isFull).toBe(false);
    end.read(5000);
    // It did not count less than none.
    const backlogged = channel(() => true);
    for (let i = 0; i < 1024; i++) unsent.send(backlogged, {});
    expect(unsent.isFull).toBe(true);
  });

  it("are 1024 at the most, however small", () => {
    const unsent = new UnsentMessages();
    const end = channel(() => true);
    for (let i = 0; i < 1023; i++) unsent.send(end, {});
    expect(unsent.isFull).toBe(false);
    unsent.send(end, {});
    expect(unsent.isFull).toBe(true);
    end.read(1);
    expect(unsent.isFull).toBe(false);
  });

  it("have 16 MiB at the most, counted once many wait", () => {
    const unsent = new UnsentMessages();
    const end = channel(() => end.waiting.length > 1);
    const message = { payload: new Uint8Array(1024 * 1024) };
    for (let i = 0; i < 16; i++) unsent.send(end, message);
    expect(unsent.isFull).toBe(false);
    unsent.send(end, message);
    expect(unsent.isFull).toBe(true);
    end.read(2);
    expect(unsent.isFull).toBe(false);
    end.read(20);
    for (let i = 0; i < 16; i++) unsent.send(end, message);
    expect(unsent.isFull).toBe(false);
  });

  it("count as messages where nobody knows their size, and not at all where they cannot be copied", () => {
    const unsent = new UnsentMessages();
    const end = channel(() => true);
    // Node copies its properties, and serialize() refuses.
    unsent.send(end, { port: new MessageChannel().port1 });
    expect(unsent.isFull).toBe(false);
    for (let i = 0; i < 1022; i++) unsent.send(end, {});
    const send = (): boolean => {
      throw new Error("could not be cloned");
    };
    expect(() => unsent.send({ connected: true, send }, {})).toThrow("could not be cloned");
    expect(unsent.isFull).toBe(false);
  });

  it("are none where nobody is at the other end", () => {
    const unsent = new UnsentMessages();
    const end = channel();
    unsent.send({ ...end, connected: false }, {});
    expect(end.waiting).toEqual([]);
  });
});
