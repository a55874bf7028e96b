import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { endWithReaders } from "../src/cli/broken-pipe.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** A stream that fails, and what came of that: the exit status, and lines on standard error. */
function failing(error: NodeJS.ErrnoException) {
  const stream = new EventEmitter();
  const exit = vi.fn();
  const told = vi.spyOn(console, "error").mockImplementation(() => {});
  endWithReaders([new EventEmitter(), stream], exit);
  stream.emit("error", error);
  return { exit, told };
}

describe("output that nobody reads any more", () => {
  it("ends the command quietly, as SIGPIPE does others", () => {
    const { exit, told } = failing(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(exit.mock.calls).toEqual([[141]]);
    expect(told).not.toHaveBeenCalled();
  });

  it("is told where it fails for another reason", () => {
    const { exit, told } = failing(Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }));
    expect(exit.mock.calls).toEqual([[1]]);
    expect(told.mock.calls).toEqual([["sortie: the output could not be written: ENOSPC: no space left"]]);
  });

  it("is heeded on both streams by every command", async () => {
    const { argv, exitCode, stdout, stderr } = process;
    const streams = [stdout, stderr];
    const before = streams.map((stream) => stream.listeners("error"));
    const told = vi.spyOn(console, "error").mockImplementation(() => {});
    process.argv = ["node", "sortie", "cert", "show", "nowhere.crt"];
    try {
      await import("../src/cli/main.js");
      expect(told.mock.calls.join()).toContain('cannot read the certificate "nowhere.crt"');
      const added = streams.map((stream, i) => stream.listeners("error").filter((each) => !before[i]?.includes(each)));
      expect(added.map(({ length }) => length)).toEqual([1, 1]);
      streams.forEach((stream, i) => added[i]?.forEach((each) => stream.off("error", each as () => void)));
    } finally {
      process.argv = argv;
      process.exitCode = exitCode;
    }
  });
});
