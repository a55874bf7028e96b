// `npm run soak -- [SECONDS] [SEED]`: churning bots over real UDP with faults; an hour unless told otherwise. The test
// run has 30 s of it.
import { bootstrap } from "./bootstrap.mjs";
import { main, run, toolPath } from "./lib/run.mjs";

const [seconds = "3600", seed = "20261122"] = process.argv.slice(2);

await main(async () => {
  await bootstrap();
  process.exitCode = await run(process.execPath, [toolPath("vitest"), "run", "tests/soak", "--reporter=default"], {
    env: { SORTIE_SOAK_SECONDS: seconds, SORTIE_SOAK_SEED: seed },
  });
});
