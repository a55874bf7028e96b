// `npm run check:dissector`: the Wireshark dissector against the decoder, by tshark where that is installed.
import { spawnSync } from "node:child_process";
import { bootstrap } from "./bootstrap.mjs";
import { main, ROOT } from "./lib/run.mjs";

await main(async () => {
  if (spawnSync("tshark", ["--version"], { stdio: "ignore" }).status !== 0) {
    console.log("dissector: skipped, tshark is not installed");
    return 0;
  }
  await bootstrap();
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "tests/dissector", "--reporter=default"];
  return spawnSync(process.execPath, vitest, { cwd: ROOT, stdio: "inherit" }).status ?? 1;
});
