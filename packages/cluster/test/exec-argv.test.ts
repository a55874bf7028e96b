import { describe, expect, it } from "vitest";
import { inheritedExecArgv } from "../src/exec-argv.js";

const TEXT = "createCluster({ entry })";

describe("options of Node that workers inherit", () => {
  it.each([
    [["-e", TEXT]],
    [["--eval", TEXT]],
    [[`--eval=${TEXT}`]],
    [["-p", TEXT]],
    [["-pe", TEXT]],
    [["--print", TEXT]],
    [["-p", "-e", TEXT]],
    [["--input-type=module", "-e", TEXT]],
    [["--input-type", "module", "-e", TEXT]],
    [["--input-type=module"]],
  ])("are not the program of %j", (text) => {
    expect(inheritedExecArgv(text)).toEqual([]);
    const others = ["--max-old-space-size=512", "-r", "./setup.cjs"];
    expect(inheritedExecArgv([...others, ...text, "--enable-source-maps"])).toEqual([
      ...others,
      "--enable-source-maps",
    ]);
  });

  it("are all others", () => {
    const options = ["--import", "./eval.js", "--conditions=print", "--expose-gc", "-C", "input-type"];
    expect(inheritedExecArgv(options)).toEqual(options);
  });
});
