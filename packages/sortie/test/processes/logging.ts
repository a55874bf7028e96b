/**
 * Logs two lines each 10 ms to "stdout" or "stderr", as the first argument says, and tells on the other one how far it
 * is. Ends some time after its standard input, with the exit status 7. The second argument is the format, "text" or
 * "json", or "quiet": there is a logger then, which has nothing to say, and the lines are the program's own.
 */
import { createConsoleLogger } from "sortie";

const [, , name, format] = process.argv;
const isStderr = name === "stderr";
const level = isStderr ? "error" : "info";
const logger = createConsoleLogger({ json: format === "json", level: format === "quiet" ? "error" : "info" });
let linesLeft = Infinity;
process.stdin.resume().once("end", () => (linesLeft = 10));
let number = 0;
const timer = setInterval(() => {
  number += 1;
  // Two in one turn: of a stream that fails the second is lost as well.
  for (let i = 0; i < 2; i++) {
    if (format === "quiet") console.log(`line ${number}`);
    else logger[level]({ number }, "line");
  }
  (isStderr ? process.stdout : process.stderr).write(`${number}\n`);
  linesLeft -= 1;
  if (linesLeft > 0) return;
  clearInterval(timer);
  process.exitCode = 7;
}, 10);
