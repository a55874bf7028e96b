import { HangUps } from "./hang-ups.js";

// Before anything else is loaded, which takes half a second on a small machine.
const hangUps = new HangUps(process);
const { runProgram } = await import("./program.js");
await runProgram(process.argv, hangUps);
