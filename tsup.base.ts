import { defineConfig, type Options } from "tsup";

/** One build for every package: ESM for Node 20.19+, declarations come from `tsc -b`. */
export function packageBuild(entry: string[]): ReturnType<typeof defineConfig> {
  const options: Options = {
    entry,
    format: ["esm"],
    target: "es2022",
    platform: "neutral",
    sourcemap: true,
    dts: false,
    clean: false,
    silent: true,
    splitting: true,
    external: [/^node:/, /^[^./]/],
  };
  return defineConfig(options);
}
