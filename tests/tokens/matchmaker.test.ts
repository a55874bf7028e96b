import { describe, expect, it, vi } from "vitest";

describe("examples/matchmaker", () => {
  it("runs as it stands: the player gets in, the thief with the same token does not", async () => {
    const printed: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
    try {
      await import("../../examples/matchmaker/main.mjs" as string);
    } finally {
      log.mockRestore();
    }
    expect(printed.filter((line) => line.startsWith("server:"))).toEqual([
      "server: ann is here",
      "server: refused a token of 127.0.0.1: used-twice",
      "server: refused a token of 127.0.0.1: wrong-client",
    ]);
    expect(printed).toContain("player: welcome, ann");
    expect(printed.filter((line) => line.startsWith("thief: rejected"))).toHaveLength(2);
    expect(printed).toContain("stranger: matchmaker: log in first");
  });
});
