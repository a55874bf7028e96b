import { endWithReaders } from "./broken-pipe.js";
import { sortieProgram } from "./program.js";
import { runProgram } from "./run-program.js";

endWithReaders([process.stdout, process.stderr]);
await runProgram(sortieProgram(), process.argv);
