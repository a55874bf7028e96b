// The process that `cache.mjs` runs under valgrind: warms up, says "ready", waits for a line, plays frames and tells
// how many messages they had.
import { readSync } from "node:fs";
import { CoreRun, SHAPES } from "./core-run.mjs";

const settings = JSON.parse(process.argv[2]);
const shape = { ...SHAPES[settings.shape], peers: settings.peers ?? SHAPES[settings.shape].peers };
const one = new Uint8Array(1);
// valgrind tells functions of the program apart, not those of a script, and nobody else calls this one.
const around = (work) => one.findLastIndex(work);

const run = await CoreRun.open(shape, { ...settings, unit: "time", around });
for (let i = 0; i < settings.warmUp; i++) run.frame();
tellAndWait("ready");
let messages = 0;
for (let i = 0; i < settings.frames; i++) messages += run.frame();
tellAndWait(String(messages));
process.exit(0);

function tellAndWait(line) {
  process.stdout.write(`${line}\n`);
  readSync(0, Buffer.alloc(16));
}
