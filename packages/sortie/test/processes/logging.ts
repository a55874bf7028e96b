/**
 * Logs two lines each 10 ms to "stdout" or "stderr", as the first argument says, and tells on the other one how far it
 * is, how much waits in the stream, and when it is silent. Says nothing more once there is something on its standard
 * input; ends some time after the end of that, with the exit status 7. The second argument is the format, "text" or
 * "json", or "quiet": there is a logger then, which has nothing to say, and the lines are the program's own. The third
 * one is the length of something that is in each line.
 */
import { createConsoleLogger } from "sortie";

const [, , name, format, length = "0"] = process.argv;
const isStderr = name === "stderr";
const logged = isStderr ? process.stderr : process.stdout;
const level = isStderr ? "error" : "info";
const logger = createConsoleLogger({ json: format === "json", level: format === "quiet" ? "error" : "info" });
let linesLeft = Infinity;
let isSilent = false;
process.stdin.on("data", () => (isSilent = true)).once("end", () => (linesLeft = 10));
const pad = "x".repeat(Number(length));
let number = 0;
const timer = setInterval(() => {
  if (!isSilent) number += 1;
  // Two in one turn: of a stream that fails the second is lost as well.
  for (let i = 0; i < 2 && !isSilent; i++) {
    if (format === "quiet") console.log(`line ${number}`);
    else logger[level](pad === "" ? { number } : { number, pad }, "line");
  }
  (isStderr ? process.stdout : process.stderr).write(
    `${number} ${logged.writableLength}${isSilent ? " silent" : ""}\n`,
  );
  linesLeft -= 1;
  if (linesLeft > 0) return;
  clearInterval(timer);
  process.exitCode = 7;
}, 10);
