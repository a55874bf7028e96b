import { HangUps } from "./hang-ups.js";
import { StopRequests } from "./stop-requests.js";

// Before anything else is loaded, which takes half a second on a small machine.
const signals = { hangUps: new HangUps(process), stops: new StopRequests(process) };
const { runProgram } = await import("./program.js");
await runProgram(process.argv, signals);
