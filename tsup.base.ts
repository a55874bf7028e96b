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
    // removes earlier JavaScript (chunk names change with their content) and leaves what tsc -b wrote
    clean: ["!**/*.d.ts", "!**/*.d.ts.map", "!**/.tsbuildinfo"],
    silent: true,
    splitting: true,
    // "node:crypto" stays: bundlers and other runtimes may take "crypto" for a package
    removeNodeProtocol: false,
    external: [/^node:/, /^[^./]/],
  };
  return defineConfig(options);
}
