import { endWithReaders } from "./broken-pipe.js";
import { sortieProgram } from "./program.js";

endWithReaders([process.stdout, process.stderr]);
try {
  await sortieProgram().parseAsync();
} catch (error) {
  console.error(`sortie: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
