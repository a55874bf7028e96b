import { EventEmitter } from "node:events";
import type { Logger } from "sortie";
import { expect, it } from "vitest";
import { HangUps } from "../src/hang-ups.js";
import { type Reloadable, reloadOnHangUp } from "../src/reloads.js";

const silence = (): void => {};

/** Something that is read when the test says so. */
class SlowPart implements Reloadable {
  readonly what = "the keys";
  readonly source = "keys.json";
  readonly reads: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  readonly reload = (): Promise<void> => new Promise((resolve, reject) => this.reads.push({ resolve, reject }));
}

function setUp(): { parts: SlowPart[]; hangUp: () => void; end: () => void; log: string[] } {
  const host = new EventEmitter();
  const parts = [new SlowPart(), new SlowPart()];
  const log: string[] = [];
  const note = (_fields: object, message: string): void => void log.push(message);
  const logger: Logger = { debug: silence, info: note, warn: note, error: note };
  const ended = new AbortController();
  reloadOnHangUp(new HangUps(host), parts, { logger, others: false, ended: ended.signal });
  return { parts, hangUp: () => host.emit("SIGHUP"), end: () => ended.abort(), log };
}

/** The same turn's promises are told. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("reads once more, however many signals came while something was read, and for each by itself", async () => {
  const { parts, hangUp, log } = setUp();
  const [slow, quick] = parts as [SlowPart, SlowPart];
  for (let i = 0; i < 5; i++) {
    hangUp();
    quick.reads.at(-1)?.resolve();
    await settled();
  }
  expect([slow.reads.length, quick.reads.length]).toEqual([1, 5]);
  slow.reads[0]?.reject(new Error("no"));
  await settled();
  expect(slow.reads).toHaveLength(2);
  slow.reads[1]?.resolve();
  await settled();
  expect(slow.reads).toHaveLength(2);
  expect(log.filter((line) => line === "SIGHUP: the keys stay as they were")).toHaveLength(1);
  hangUp();
  expect(slow.reads).toHaveLength(3);
});

it("reads nothing after the program's end, and tells nobody of what was given up", async () => {
  const { parts, hangUp, end, log } = setUp();
  const [part] = parts as [SlowPart];
  hangUp();
  hangUp();
  end();
  part.reads[0]?.reject(new Error("aborted"));
  await settled();
  hangUp();
  await settled();
  expect(part.reads).toHaveLength(1);
  expect(log).toEqual([]);
});
